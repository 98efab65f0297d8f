package cloudillo_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"facet/internal/face/cloudillo"
	"facet/internal/face/djaoapp"
	"facet/internal/face/entity"
	"facet/internal/facetest"
)

// start runs the demo site with this face and two others. Every answer is held
// against the contract, and against what the published client makes of it.
func start(t *testing.T) *facetest.Service {
	t.Helper()
	s := facetest.New(t, cloudillo.New(), djaoapp.New(), entity.New())
	watch(t, s)
	return s
}

// watch holds every answer against the contract.
func watch(t *testing.T, s *facetest.Service) {
	t.Helper()
	contract := facetest.NewContract(t, "cloudillo")
	s.Watch = func(t testing.TB, c facetest.Call, a facetest.Answer) {
		t.Helper()
		path, _, _ := strings.Cut(c.Path, "?")
		switch {
		case c.Method == http.MethodHead || path == "/api/auth/logout":
		case strings.HasPrefix(a.Header.Get("Content-Type"), "image/"), strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain"):
		case strings.HasPrefix(path, "/api/profile/"), strings.HasPrefix(path, "/api/users"), path == "/api/auth", path == "/api/auth/tokens": // DjaoApp's
		default:
			contract.Check(t, c, a)
			if a.Status/100 == 4 && a.Status != 405 && a.Status != 413 && c.Header["Host"] == "" && !contract.Lists(c, a) { // a host that is nobody's is 404
				t.Errorf("%s %s: the contract lists no %d", c.Method, path, a.Status)
			}
			readByClient(t, c, a)
		}
	}
}

// login signs a demo user in by the idtag.
func login(t *testing.T, s *facetest.Service, idTag string) string {
	t.Helper()
	return s.Post(t, "", "/api/auth/login", map[string]string{"idTag": idTag, "password": facetest.Password}).Want(200).Text("data.token")
}

func under(name string) string { return name + "@localhost.localdomain" }

func picture(w, h int, shade uint8) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, color.RGBA{uint8(i), shade, uint8(i * 31), 255})
	}
	return img
}

func pngOf(t testing.TB, shade uint8) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture(20, 10, shade)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, shade uint8) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(20, 10, shade), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload sends a picture.
func upload(t *testing.T, s *facetest.Service, token, path, mediaType string, data []byte) facetest.Answer {
	t.Helper()
	return s.Do(t, facetest.Call{Method: http.MethodPut, Path: path, Token: token, Body: data, Type: mediaType})
}

// failed checks an error: status and code.
func failed(t *testing.T, a facetest.Answer, status int, code string) {
	t.Helper()
	a.Want(status).Is(map[string]any{"error.code": code})
}

// claimsOf reads what a token says.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	out := map[string]any{}
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}
