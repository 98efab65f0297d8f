package djaoapp

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/media"
	"facet/internal/profile"
)

// maxForm is the most bytes of a form with a picture in it.
const maxForm = media.MaxBytes + 64<<10

// pictureAnswer says where a picture is.
type pictureAnswer struct {
	Location string `json:"location"` // URL
}

// receivePicture receives a picture of a profile (POST
// /api/profile/{profile}/picture) or a user (POST /api/users/{user}/picture,
// POST /api/contacts/{user}/picture): the file named "file" of a multipart
// form. Every face shows it.
func receivePicture(places *face.Uploads, perm access.Permission) face.Handler {
	param, what := "user", "User"
	if perm == access.ProfileWrite {
		param, what = "profile", "Organization"
	}
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		slug := r.PathValue(param)
		if err := c.Site.MayPicture(r.Context(), perm, c.Who, slug); err != nil {
			return hide(r, c, err, what)
		}
		leave, err := places.Enter(c.Who.Subject)
		if err != nil {
			return err
		}
		defer leave()
		data, err := readPicture(w, r)
		if err != nil {
			return err
		}
		key, err := c.Site.SetPictureOf(r.Context(), perm, c.Who, slug, data)
		if err != nil {
			return hide(r, c, err, what)
		}
		return write(w, http.StatusCreated, pictureAnswer{publicBase(c) + directory.FilePath + key})
	}
}

// readPicture reads the file of a multipart form. A location of another place
// is not fetched.
func readPicture(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		in, err := readFields(w, r)
		if err != nil {
			return nil, err
		}
		return nil, noFile(in.has("location"))
	}
	parts := multipart.NewReader(http.MaxBytesReader(w, r.Body, maxForm), params["boundary"])
	located := false
	for n := 0; n < maxFields; n++ {
		part, err := parts.NextRawPart()
		if err == io.EOF { // the last boundary; a wrapped EOF is a form cut off
			return nil, noFile(located)
		}
		if err != nil {
			return nil, badForm(err)
		}
		if part.FormName() != "file" {
			located = located || part.FormName() == "location"
			continue
		}
		data, err := io.ReadAll(io.LimitReader(part, media.MaxBytes+1))
		if err != nil {
			return nil, badForm(err)
		}
		if len(data) == 0 {
			return nil, refuse(profile.Invalid, profile.CodeBlank, http.StatusBadRequest, object{{"file", []string{"The submitted file is empty."}}})
		}
		return data, nil
	}
	return nil, malformed("the form has too many fields")
}

func badForm(err error) error {
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the form is larger than %d bytes", over.Limit)
	}
	return malformed("the parts of the form cannot be told apart")
}

func noFile(located bool) error {
	if located {
		return refuse(profile.Invalid, profile.CodeInvalid, http.StatusBadRequest,
			object{{"location", []string{"Pictures of other places are not taken: send the file."}}})
	}
	return refuse(profile.Missing, profile.CodeRequired, http.StatusBadRequest, detail("no location or file specified."))
}
