package server

import (
	"os"
	"runtime/debug"
)

// TuneGC has the garbage collected when the heap has grown to five times what
// is live, not to twice: little of ours is live, so collections would follow
// one another closely for the sake of a few MiB. The environment's GOGC, when
// set, stays; GOMEMLIMIT bounds the whole (package runtime, "Environment
// Variables").
func TuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
