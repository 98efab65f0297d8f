package media

import (
	"context"
	"time"
)

// Occupy takes all memory for decoding until leave is called.
func (r *Renderer) Occupy() (leave func()) {
	_ = r.memory.Acquire(context.Background(), maxMemory)
	return func() { r.memory.Release(maxMemory) }
}

// RenderWithin is Render with another patience.
func (r *Renderer) RenderWithin(ctx context.Context, patience time.Duration, b []byte, preset Preset) (Rendition, error) {
	r.patience = patience
	return r.Render(ctx, b, preset)
}

// Memory is how many bytes rendering it is thought to take at most.
func (p Picture) Memory() int64 { return p.memory }

// NewPrefix begins the names of files that are being written.
var NewPrefix = newPrefix
