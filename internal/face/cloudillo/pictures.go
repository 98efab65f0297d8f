package cloudillo

import (
	"net/http"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/media"
)

// upload receives the raw bytes of a picture (PUT /api/me/image, PUT
// /api/me/cover). What they are is told by the bytes, not by Content-Type.
func upload(places *face.Uploads, slot directory.PictureSlot) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		leave, err := places.Enter(c.Who.Subject)
		if err != nil {
			return err
		}
		defer leave()
		data, err := face.ReadBody(w, r, media.MaxBytes)
		if err != nil {
			return err
		}
		id, err := c.Site.SetPicture(r.Context(), c.Who, c.Identity, slot, data)
		if err != nil {
			return err
		}
		path := directory.FilePath + id
		if slot == directory.CoverPicture {
			return write(w, c, http.StatusOK, envelope{Data: uploadedCover{path, id}, FileID: id, Type: "cover"})
		}
		return write(w, c, http.StatusOK, envelope{Data: uploadedImage{path, id}, FileID: id, Type: "profile-pic"})
	}
}
