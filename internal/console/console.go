package console

import (
	"context"
	"net/http"
	"time"

	"facet/internal/face"
)

// Name is the console's name among the faces, in the log and in metrics.
const Name = "console"

// Config is what a Console works with.
type Config struct {
	API     http.Handler                                  // every face, to show what each answers
	Faces   []string                                      // the names of those that there are
	Traffic func(site string) []Traffic                   // what was asked of a site; the API's faces only
	Store   func(ctx context.Context) (StoreFacts, error) // nil: nothing is known
}

// Traffic is what one face of a site was asked since the server began.
type Traffic struct {
	Face     string
	Requests uint64
	Refused  uint64        // answered 4xx
	Failed   uint64        // answered 5xx
	P50, P99 time.Duration // of the time to answer, by the bounds of a histogram
}

// StoreFacts is what is known of the store.
type StoreFacts struct {
	Bytes int64 // on disk; 0: unknown
}

// Console is the pages. It is a face.Face.
type Console struct {
	Config
	routes  []face.Route
	census  censuses
	samples samples
}

// New makes the console.
func New(c Config) *Console {
	out := &Console{Config: c}
	out.routes = out.table()
	return out
}

// Name is the console's name.
func (*Console) Name() string { return Name }

// Routes lists the pages.
func (c *Console) Routes() []face.Route { return c.routes }
