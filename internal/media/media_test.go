package media_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"testing"

	"github.com/HugoSmits86/nativewebp"

	"facet/internal/media"
	"facet/internal/profile"
)

func picture(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, color.RGBA{uint8(i), uint8(i * 7), uint8(i * 31), 255})
	}
	return img
}

func encoded(t testing.TB, encode func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, w, h int) []byte {
	return encoded(t, func(out io.Writer) error { return png.Encode(out, picture(w, h)) })
}

func jpegOf(t testing.TB, w, h int) []byte {
	return encoded(t, func(out io.Writer) error { return jpeg.Encode(out, picture(w, h), nil) })
}

func gifOf(t testing.TB, w, h int) []byte {
	return encoded(t, func(out io.Writer) error { return gif.Encode(out, picture(w, h), nil) })
}

func webpOf(t testing.TB, img image.Image) []byte {
	return encoded(t, func(out io.Writer) error { return nativewebp.Encode(out, img, nil) })
}

func crc(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Pictures of one pixel, lossy and lossless.
const (
	webpLossy    = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"
	webpLossless = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="
)

// claiming is a PNG of one pixel whose head says that it has more.
func claiming(t testing.TB, w, h uint32) []byte {
	b := bytes.Clone(pngOf(t, 1, 1))
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc(b[12:29]))
	return b
}

func TestPicturesAreKnownByTheirBytes(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want media.Picture
	}{
		"JPEG":                      {jpegOf(t, 30, 20), media.Picture{Type: "image/jpeg", Width: 30, Height: 20}},
		"PNG":                       {pngOf(t, 3, 200), media.Picture{Type: "image/png", Width: 3, Height: 200}},
		"GIF":                       {gifOf(t, 7, 5), media.Picture{Type: "image/gif", Width: 7, Height: 5}},
		"WebP":                      {unbase64(t, webpLossy), media.Picture{Type: "image/webp", Width: 1, Height: 1}},
		"lossless WebP":             {unbase64(t, webpLossless), media.Picture{Type: "image/webp", Width: 1, Height: 1}},
		"as many pixels as allowed": {claiming(t, 10_000, 5_000), media.Picture{Type: "image/png", Width: 10_000, Height: 5_000}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := media.Inspect(c.data)
			if err != nil || got.Type != c.want.Type || got.Width != c.want.Width || got.Height != c.want.Height {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want profile.Kind
	}{
		"nothing":               {nil, profile.Missing},
		"text":                  {[]byte("<html><script>alert(1)</script>"), profile.Invalid},
		"SVG":                   {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), profile.Invalid},
		"a GIF's mark":          {[]byte("GIF89a"), profile.Invalid},
		"a PNG's first bytes":   {pngOf(t, 1, 1)[:8], profile.Invalid},
		"a PNG without an end":  {pngOf(t, 9, 9)[:60], profile.Invalid},
		"a JPEG without an end": {jpegOf(t, 9, 9)[:400], profile.Invalid},
		"a WebP without an end": {unbase64(t, webpLossy)[:38], profile.Invalid},
		"a JPEG's mark":         {[]byte("\xff\xd8\xff"), profile.Invalid},
		"a WebP's mark":         {[]byte("RIFF\x04\x00\x00\x00WEBP"), profile.Invalid},
		"no pixels":             {claiming(t, 0, 5), profile.Invalid},
		"a long side":           {claiming(t, media.MaxSide+1, 1), profile.Invalid},
		"a bomb":                {claiming(t, media.MaxSide, media.MaxSide), profile.Invalid},
		"a bomb beyond int32":   {claiming(t, 1<<31-1, 1<<31-1), profile.Invalid},
		"one pixel too many":    {claiming(t, 10_000, 5_001), profile.Invalid},
		"too many bytes":        {append(pngOf(t, 1, 1), make([]byte, media.MaxBytes)...), profile.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := media.Inspect(c.data); !profile.IsKind(err, c.want) {
				t.Errorf("got %+v, %v, want kind %v", got, err, c.want)
			}
		})
	}
}

// Go's decoder passes over a stuffed byte between two segments as if it were
// not there: what seems to be the body of a segment is read as segments then.
func TestScansHiddenInWhatIsNoSegmentAreRefused(t *testing.T) {
	plain := encoded(t, func(w io.Writer) error { return jpeg.Encode(w, image.NewGray(image.Rect(0, 0, 8, 8)), nil) })
	at := bytes.Index(plain, []byte("\xff\xda"))
	head, scan := plain[:at], plain[at:len(plain)-2]
	hidden := bytes.Repeat(scan, 200)
	bomb := binary.BigEndian.AppendUint16(append(bytes.Clone(head), 0xff, 0), uint16(len(hidden)+2))
	bomb = append(append(bomb, hidden...), plain[at:]...)
	if _, err := jpeg.Decode(bytes.NewReader(bomb)); err != nil {
		t.Fatalf("the decoder takes no harm of it: %v", err)
	}
	if p, err := media.Inspect(bomb); !profile.IsKind(err, profile.Invalid) {
		t.Errorf("got %+v, %v", p, err)
	}
}

func FuzzInspect(f *testing.F) {
	for _, b := range [][]byte{jpegOf(f, 5, 5), pngOf(f, 5, 5), unbase64(f, webpLossy), unbase64(f, webpLossless), gifOf(f, 3, 3), claiming(f, 1<<30, 1<<30), []byte("GIF89a"), nil} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := media.Inspect(b)
		if err != nil {
			if profile.IsKind(err, profile.Internal) {
				t.Errorf("unexpected: %v", err)
			}
			return
		}
		if p.Width < 1 || p.Height < 1 || p.Width > media.MaxSide || p.Height > media.MaxSide || p.Width*p.Height > media.MaxPixels {
			t.Errorf("%+v", p)
		}
	})
}

func TestKeyIsTheHashOfTheContent(t *testing.T) {
	if got := media.Key([]byte("abc")); got != "b1~ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0" {
		t.Error(got)
	}
	if !media.IsKey(media.Key(nil)) {
		t.Error("a key is no key")
	}
}

func BenchmarkInspect(b *testing.B) {
	data := jpegOf(b, 800, 600)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := media.Inspect(data); err != nil {
			b.Fatal(err)
		}
	}
}
