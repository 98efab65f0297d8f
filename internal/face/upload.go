package face

import "facet/internal/profile"

// maxUploads is how many pictures are received at a time by each face: each is
// held in memory whole.
const maxUploads = 8

// Uploads are the places for pictures being received.
type Uploads chan struct{}

// NewUploads gives as many places as a face has.
func NewUploads() Uploads { return make(Uploads, maxUploads) }

// Enter takes a place, which leave gives back: Busy when all are taken.
func (u Uploads) Enter() (leave func(), err error) {
	select {
	case u <- struct{}{}:
		return func() { <-u }, nil
	default:
		e := profile.E(profile.Busy, profile.CodeBusy, "", "too many pictures are being sent")
		e.Retry = 1
		return nil, e
	}
}
