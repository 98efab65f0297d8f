package face

import (
	"sync"

	"facet/internal/profile"
)

// How many pictures are received at a time by each face, and of these from one
// caller: each is held in memory whole, and may be sent as slowly as any body.
const maxUploads, maxUploadsOfOne = 8, 3

// Uploads are the places for pictures being received.
type Uploads struct {
	mu    sync.Mutex
	taken int
	by    map[profile.ID]int
}

// NewUploads gives as many places as a face has.
func NewUploads() *Uploads { return &Uploads{by: map[profile.ID]int{}} }

// Enter takes a place for a caller, which leave gives back: Busy when all are
// taken, or as many as one caller may have.
func (u *Uploads) Enter(who profile.ID) (leave func(), err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.taken == maxUploads || u.by[who] == maxUploadsOfOne {
		e := profile.E(profile.Busy, profile.CodeBusy, "", "too many pictures are being sent")
		e.Retry = 1
		return nil, e
	}
	u.taken++
	u.by[who]++
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.taken--
		if u.by[who]--; u.by[who] == 0 {
			delete(u.by, who)
		}
	}, nil
}
