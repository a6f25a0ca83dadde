// Examples of the schedule, for the conformance test. Golden values: by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.table",
    ({{{"table { path: \"tests/schedules/testdata/rates.csv\" }",
        {{0, 0.4},
         {1, 0.4},
         {2, 0.3},
         {3, 0.2},
         {4, 0.0923076923076923},
         {9, 0.0153846153846154},
         {10, 0},
         {99, 0}}},
       {"table { path: \"tests/schedules/testdata/rates.csv\" between: HOLD }",
        {{0, 0.4}, {1, 0.4}, {2, 0.4}, {3, 0.2}, {4, 0.1}, {9, 0.1}, {10, 0}, {99, 0}}},
       // On the clock: three updates an epoch, so that update 4 is epoch 1.4.
       {"clock: EPOCHS table { path: \"tests/schedules/testdata/rates.csv\" }",
        {{0, 0.4}, {3, 0.4}, {4, 0.36}, {6, 0.3}},
        {10, 4, {}, {}}},
       // Numbers of other things than rates may be negative.
       {"table { path: \"tests/schedules/testdata/negative.csv\" }",
        {{0, -1}, {2, -0.4995}, {4, 0.001}},
        {},
        true},
       // Lines that end in \r\n, the last one in nothing.
       {"table { path: \"tests/schedules/testdata/windows.csv\" }", {{0, 1}, {1, 2}, {2, 3}}}},
      {{"table { }", "text:1:1: table: path is missing [table.path]"},
       {"table { path: \"tests/schedules/testdata/missing.csv\" }",
        "text:1:15: table: cannot open tests/schedules/testdata/missing.csv: No such file or "
        "directory [table.path]"},
       {"table { path: \"tests/schedules/testdata/no_header.csv\" }",
        "text:1:15: table: tests/schedules/testdata/no_header.csv:1:1: the first line must be "
        "\"time,value\" [table.path]"},
       {"table { path: \"tests/schedules/testdata/no_rows.csv\" }",
        "text:1:15: table: tests/schedules/testdata/no_rows.csv:1:1: the table has no rows "
        "[table.path]"},
       {"table { path: \"tests/schedules/testdata/empty.csv\" }",
        "text:1:15: table: tests/schedules/testdata/empty.csv:1:1: the table has no rows "
        "[table.path]"},
       {"table { path: \"tests/schedules/testdata/word.csv\" }",
        "text:1:15: table: tests/schedules/testdata/word.csv:3:3: value \" fast\" is not a finite "
        "number [table.path]"},
       {"table { path: \"tests/schedules/testdata/nan.csv\" }",
        "text:1:15: table: tests/schedules/testdata/nan.csv:2:3: value \"nan\" is not a finite "
        "number [table.path]"},
       {"table { path: \"tests/schedules/testdata/three.csv\" }",
        "text:1:15: table: tests/schedules/testdata/three.csv:3:1: a row must have two columns "
        "[table.path]"},
       {"table { path: \"tests/schedules/testdata/one.csv\" }",
        "text:1:15: table: tests/schedules/testdata/one.csv:3:1: a row must have two columns "
        "[table.path]"},
       {"table { path: \"tests/schedules/testdata/back.csv\" }",
        "text:1:15: table: tests/schedules/testdata/back.csv:4:1: times must increase, but 2 "
        "follows 2 [table.path]"},
       {"table { path: \"tests/schedules/testdata/before.csv\" }",
        "text:1:15: table: tests/schedules/testdata/before.csv:2:1: time -1 must be at least 0 "
        "[table.path]"},
       {"table { path: \"tests/schedules\" }",
        "text:1:15: table: cannot read tests/schedules: Is a directory [table.path]"}}}));

}  // namespace
}  // namespace gradus
