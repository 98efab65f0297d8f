package cloudillo

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/media"
	"facet/internal/profile"
)

// fileView is what is told of a file (GET /api/files/{id}/metadata, POST
// /api/files/{preset}/{fileName}).
type fileView struct {
	FileID      string   `json:"fileId"`
	Preset      string   `json:"preset,omitempty"` // profile-picture, cover
	ContentType string   `json:"contentType"`      // of the largest variant
	FileName    string   `json:"fileName"`
	FileTp      string   `json:"fileTp"` // BLOB
	CreatedAt   string   `json:"createdAt"`
	Status      string   `json:"status"` // A: there
	Tags        []string `json:"tags,omitempty"`
	Visibility  string   `json:"visibility"` // P: everybody's to read
	Hidden      bool     `json:"hidden"`
	X           struct {
		Dim [2]int `json:"dim"` // width and height of the largest variant, pixels
	} `json:"x"`
}

// described is GET /api/files/{id}/descriptor: the client reads what is known of
// the file there.
type described struct {
	File       fileView `json:"file"`
	Descriptor string   `json:"descriptor"` // of all variants, from which the file's id is made
}

// uploaded is fileView with what an uploader is told.
type uploaded struct {
	fileView
	Dim       [2]int `json:"dim"`
	Thumbnail string `json:"thumbnailVariantId,omitempty"`
	Existed   bool   `json:"existed,omitzero"` // the same file was stored already
}

func fileViewOf(f directory.FileInfo) fileView {
	kind := strings.TrimPrefix(f.Media, "image/")
	v := fileView{FileID: f.Key, Preset: string(f.Preset), ContentType: f.Media, FileTp: "BLOB", CreatedAt: iso(f.Created), Status: "A", Visibility: "P"}
	switch f.Preset {
	case media.ProfilePicture:
		v.FileName, v.Tags = "profile-pic."+kind, []string{"profile"}
	case media.Cover:
		v.FileName, v.Tags = "cover."+kind, []string{"cover"}
	default:
		v.FileName = f.Key + "." + kind
	}
	v.X.Dim = [2]int{f.Width, f.Height}
	return v
}

// maxFileName is the most bytes of the name of an uploaded file.
const maxFileName = 255

// uploadFile stores a picture for a profile that is about to be made or changed
// (POST /api/files/{preset}/{fileName}). The name is not kept: a file is what
// its bytes are, whoever sends it.
func uploadFile(places *face.Uploads) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		preset, name := media.Preset(r.PathValue("a")), r.PathValue("b")
		if preset != media.ProfilePicture && preset != media.Cover {
			return invalid("preset", "preset is profile-picture or cover")
		}
		if len(name) > maxFileName || !utf8.ValidString(name) {
			return invalid("fileName", "fileName is a text of at most %d bytes", maxFileName)
		}
		leave, err := places.Enter(c.Who.Subject)
		if err != nil {
			return err
		}
		defer leave()
		data, err := face.ReadBody(w, r, media.MaxBytes)
		if err != nil {
			return err
		}
		f, existed, err := c.Site.Upload(r.Context(), c.Who, preset, data)
		if err != nil {
			return err
		}
		out := uploaded{fileView: fileViewOf(f), Dim: [2]int{f.Width, f.Height}, Existed: existed}
		if len(f.Variants) > 0 {
			out.Thumbnail = media.Choose(f.Variants, media.Wish{Name: "tn"}).Key
		}
		if existed {
			return answer(w, c, http.StatusOK, out)
		}
		return answer(w, c, http.StatusCreated, out)
	}
}

// readOfFile answers GET /api/files/variant/{id}, /api/files/{id}/descriptor
// and /api/files/{id}/metadata.
func readOfFile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	a, b := r.PathValue("a"), r.PathValue("b")
	if a == "variant" {
		want, err := wishOf(r.URL.Query())
		if err != nil {
			return err
		}
		return serveFile(w, r, c, b, want)
	}
	if b != "descriptor" && b != "metadata" {
		return noFile()
	}
	f, err := c.Site.FileInfo(r.Context(), a)
	if err != nil {
		return err
	}
	if b == "metadata" {
		return answer(w, c, http.StatusOK, fileViewOf(f))
	}
	if f.Descriptor == "" { // a variant, or a file without any
		return noFile()
	}
	return answer(w, c, http.StatusOK, described{fileViewOf(f), f.Descriptor})
}

func noFile() error { return profile.E(profile.NotFound, profile.CodeNotFound, "", "no such file") }

// readFile answers with a stored file (GET /api/file/{id} and the other paths
// of files): the variant that the query asks for, else the largest.
func readFile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	want, err := wishOf(r.URL.Query())
	if err != nil {
		return err
	}
	return serveFile(w, r, c, r.PathValue("id"), want)
}

// wishOf reads variant, minX, minY (pixels) and minRes (pixels, or thousands of
// them: 100k).
func wishOf(q url.Values) (want media.Wish, err error) {
	if want.Name = q.Get("variant"); want.Name != "" && !media.IsVariantName(want.Name) {
		return want, invalid("variant", "variant is one of pf, tn, sd, md, hd, xd and orig")
	}
	number := func(name, text string, most int64) (n int64) {
		if text != "" && err == nil {
			if n, err = strconv.ParseInt(text, 10, 64); err != nil || n < 0 || n > most {
				n, err = 0, invalid(name, "%s is a number of pixels", name)
			}
		}
		return n
	}
	want.MinX = int(number("minX", q.Get("minX"), 1<<20))
	want.MinY = int(number("minY", q.Get("minY"), 1<<20))
	res, thousands := strings.CutSuffix(q.Get("minRes"), "k")
	want.MinPixels = number("minRes", res, 1<<40)
	if thousands {
		want.MinPixels *= 1000
	}
	return want, err
}

// serveFile answers with the bytes of a file. Its id tells its content, so it
// may be kept for ever; it is a picture, and never run as a page. One part of it
// may be asked for; several, each of which would be read by itself, and units
// that nobody knows are passed over (RFC 9110, section 14.2).
func serveFile(w http.ResponseWriter, r *http.Request, c *face.Call, id string, want media.Wish) error {
	f, err := c.Site.OpenFile(r.Context(), id, want)
	if err != nil {
		return err
	}
	defer f.Content.Close()
	h := w.Header()
	h.Set("Content-Type", f.Media)
	h.Set("ETag", `"`+f.Key+`"`)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Disposition", "inline")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("X-Cloudillo-Variant", f.Key)
	if f.Of != "" {
		h.Set("X-Cloudillo-Variants", f.Of)
	}
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Add("Access-Control-Expose-Headers", "X-Cloudillo-Variant, X-Cloudillo-Variants")
	}
	if part := r.Header.Get("Range"); !strings.HasPrefix(part, "bytes=") || strings.Contains(part, ",") {
		r.Header.Del("Range")
	}
	http.ServeContent(w, r, "", f.Created, f.Content)
	return nil
}
