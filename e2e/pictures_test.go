package e2e_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	_ "golang.org/x/image/webp"

	"facet/internal/facetest"
	"facet/internal/media/mediatest"
)

// noisyJPEG is a picture that is no drawing.
func noisyJPEG(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, color.RGBA{uint8(i * i >> 7), uint8(i >> 3), uint8(i * 31 >> 2), 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPicturesAreServedFromAFolderAndFromABucket(t *testing.T) {
	bucket, objects := mediatest.Bucket(t, "facet")
	for name, where := range map[string]string{"folder": filepath.Join(t.TempDir(), "pictures"), "bucket": bucket} {
		t.Run(name, func(t *testing.T) {
			in := demo(t, "--blobs", where)
			xia := in.Login(t, "xia")
			a := in.Do(t, facetest.Call{Method: http.MethodPut, Path: "/api/me/image", Token: xia, Body: noisyJPEG(t, 900, 600)}).Want(http.StatusOK)
			path := a.Text("data.profilePic")
			whole := in.Get(t, "", path).Want(http.StatusOK)
			if c, _, err := image.DecodeConfig(bytes.NewReader(whole.Body)); err != nil || c.Width != 900 {
				t.Errorf("%+v, %v", c, err)
			}
			for header, want := range map[string][]byte{"bytes=100-199": whole.Body[100:200], "bytes=-7": whole.Body[len(whole.Body)-7:], "bytes=5-": whole.Body[5:]} {
				part := in.Do(t, facetest.Call{Method: http.MethodGet, Path: path, Header: map[string]string{"Range": header}}).Want(http.StatusPartialContent)
				if !bytes.Equal(part.Body, want) {
					t.Errorf("%s: %d bytes", header, len(part.Body))
				}
			}
			in.Do(t, facetest.Call{Method: http.MethodGet, Path: path, Header: map[string]string{"Range": "bytes=99999999-"}}).Want(http.StatusRequestedRangeNotSatisfiable)
			in.Do(t, facetest.Call{Method: http.MethodGet, Path: path, Header: map[string]string{"If-None-Match": whole.Header.Get("ETag")}}).Want(http.StatusNotModified)
			small := in.Get(t, "", path+"?variant=pf").Want(http.StatusOK)
			if c, _, err := image.DecodeConfig(bytes.NewReader(small.Body)); err != nil || c.Width != 80 {
				t.Errorf("%+v, %v", c, err)
			}
			in.Get(t, "", "/api/file/b1~abc123").Want(http.StatusOK)
			if strings.HasPrefix(where, "s3:") && objects() != 1+4 { // the demo's, and four sizes
				t.Errorf("%d objects", objects())
			}
		})
	}
}

func TestABucketThatIsNotThereStopsTheStart(t *testing.T) {
	bucket, _ := mediatest.Bucket(t, "facet")
	for _, where := range []string{strings.Replace(bucket, "pictures", "nothing", 1), "s3://", "gs://pictures", "s3://pictures?secret=1"} {
		cmd := command(t, "serve", "--demo", "--listen", "127.0.0.1:0", "--blobs", where)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "--blobs") || bytes.Count(bytes.TrimSpace(out), []byte("\n")) > 0 {
			t.Errorf("%s: %v: %s", where, err, out)
		}
	}
}
