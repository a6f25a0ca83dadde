// How a long command is asked to stop.

#ifndef GRADUS_TOOLS_STOP_SIGNALS_H_
#define GRADUS_TOOLS_STOP_SIGNALS_H_

namespace gradus {

// From now on the first Ctrl-C or SIGTERM asks for a stop, the second ends the process at once. When nobody reads the
// output any more (`gradus train ... | head`) that asks for a stop, too.
void StopOnSignals();
// Whether a stop has been asked for.
bool StopRequested();

}  // namespace gradus

#endif  // GRADUS_TOOLS_STOP_SIGNALS_H_
