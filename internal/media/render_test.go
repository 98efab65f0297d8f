package media_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/image/webp"

	"facet/internal/media"
	"facet/internal/profile"
)

// photo looks like a photograph: soft shapes, and some noise of the sensor.
func photo(w, h int) *image.YCbCr {
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	noise := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			fx, fy := float64(x)/float64(w), float64(y)/float64(h)
			v := 128 + 60*math.Sin(fx*9+fy*4) + 30*math.Sin(fx*40)*math.Cos(fy*33)
			img.Y[y*img.YStride+x] = uint8(v + float64(noise.IntN(7)))
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = uint8(110+i%img.CStride*30/img.CStride), uint8(120+i/img.CStride*20/(h/2+1))
	}
	return img
}

func photoJPEG(t testing.TB, w, h int) []byte {
	return encoded(t, func(out io.Writer) error { return jpeg.Encode(out, photo(w, h), &jpeg.Options{Quality: 90}) })
}

func render(t testing.TB, data []byte, preset media.Preset) media.Rendition {
	t.Helper()
	made, err := media.NewRenderer().Render(t.Context(), data, preset)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// opened decodes a variant.
func opened(t testing.TB, made media.Rendition, name string) image.Image {
	t.Helper()
	for _, v := range made.Variants {
		if v.Name == name {
			img, _, err := decodeAs(v.Format, made.Data[v.Key])
			if err != nil || img.Bounds().Dx() != v.Width || img.Bounds().Dy() != v.Height {
				t.Fatalf("%+v: %v", v, err)
			}
			return img
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

func decodeAs(format string, b []byte) (image.Image, string, error) {
	decode := map[string]func(io.Reader) (image.Image, error){"jpeg": jpeg.Decode, "png": png.Decode, "webp": webp.Decode}[format]
	img, err := decode(bytes.NewReader(b))
	return img, format, err
}

func TestAPictureHasTheVariantsOfItsPreset(t *testing.T) {
	for _, c := range []struct {
		w, h   int
		preset media.Preset
		want   string
	}{
		{2160, 1620, media.ProfilePicture, "vis.hd 1920x1440, vis.md 1280x960, vis.sd 720x540, vis.tn 256x192, vis.pf 80x60"},
		{500, 4000, media.Cover, "vis.hd 240x1920, vis.md 160x1280, vis.sd 90x720, vis.tn 32x256"},
		{1000, 500, media.ProfilePicture, "vis.md 1000x500, vis.sd 720x360, vis.tn 256x128, vis.pf 80x40"},
		{750, 75, media.ProfilePicture, "vis.sd 720x72, vis.tn 256x26, vis.pf 80x8"}, // 750 is hardly more than 720
		{64, 64, media.ProfilePicture, "vis.pf 64x64"},
		{64, 64, media.Cover, "vis.tn 64x64"},
		{85, 1, media.ProfilePicture, "vis.pf 80x1"},
		{6000, 2, media.Cover, "vis.hd 1920x1, vis.md 1280x1, vis.sd 720x1, vis.tn 256x1"},
	} {
		made := render(t, photoJPEG(t, c.w, c.h), c.preset)
		var got []string
		for _, v := range made.Variants {
			b := opened(t, made, v.Name).Bounds()
			got = append(got, v.Name+" "+b.Max.Sub(b.Min).String())
			if v.Key != media.Key(made.Data[v.Key]) || v.Size != int64(len(made.Data[v.Key])) {
				t.Errorf("%+v", v)
			}
		}
		want := strings.NewReplacer("x", ",", " ", " (", ", ", "), ").Replace(c.want) + ")"
		if strings.Join(got, ", ") != want {
			t.Errorf("%dx%d: %v, want %s", c.w, c.h, got, want)
		}
		if made.Key != media.FileKey(made.Descriptor) || made.Descriptor != media.Descriptor(made.Variants) {
			t.Errorf("%s %s", made.Key, made.Descriptor)
		}
		if c.w < 1000 && render(t, photoJPEG(t, c.w, c.h), c.preset).Key != made.Key {
			t.Error("the same picture twice is two files")
		}
	}
}

// quarters has a colour in each corner: red, green, blue, white.
func quarters(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := [4]color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}[x*2/w+y*2/h*2]
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// corners names the colours of the corners: top left, top right, below them.
func corners(img image.Image) string {
	b := img.Bounds()
	name := func(x, y int) string {
		r, g, bl, _ := img.At(b.Min.X+b.Dx()*x/4, b.Min.Y+b.Dy()*y/4).RGBA()
		switch high := [3]bool{r > 0x8000, g > 0x8000, bl > 0x8000}; high {
		case [3]bool{true, false, false}:
			return "R"
		case [3]bool{false, true, false}:
			return "G"
		case [3]bool{false, false, true}:
			return "B"
		case [3]bool{true, true, true}:
			return "W"
		}
		return "?"
	}
	return name(1, 1) + name(3, 1) + name(1, 3) + name(3, 3)
}

// exif is a TIFF structure that tells an orientation, and where somebody lives.
func exif(orientation uint16, order binary.AppendByteOrder) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	for _, entry := range [][4]uint32{{0x010f, 2, 4, 0x41424344}, {0x0112, 3, 1, uint32(orientation)}} {
		b = order.AppendUint16(order.AppendUint16(b, uint16(entry[0])), uint16(entry[1]))
		if b = order.AppendUint32(b, entry[2]); entry[1] == 3 {
			b = order.AppendUint16(order.AppendUint16(b, uint16(entry[3])), 0)
		} else {
			b = order.AppendUint32(b, entry[3])
		}
	}
	return append(b, "SECRET-HOME-52.5200N"...)
}

// withExif puts metadata into a JPEG, a PNG or a WebP.
func withExif(b, tiff []byte) []byte {
	switch {
	case b[0] == 0xff:
		segment := append([]byte("Exif\x00\x00"), tiff...)
		head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(segment)+2))
		comment := append([]byte{0xff, 0xfe, 0, 16}, "SECRET-COMMENT"...)
		return append(append(append(head, segment...), comment...), b[2:]...)
	case b[0] == 0x89:
		chunk := binary.BigEndian.AppendUint32(nil, uint32(len(tiff)))
		chunk = append(append(append(chunk, "eXIf"...), tiff...), 0, 0, 0, 0) // read, not checked
		binary.BigEndian.PutUint32(chunk[len(chunk)-4:], crc(chunk[4:len(chunk)-4]))
		return append(append(bytes.Clone(b[:33]), chunk...), b[33:]...)
	}
	w, h := uint32(0), uint32(0)
	if c, err := webp.DecodeConfig(bytes.NewReader(b)); err == nil {
		w, h = uint32(c.Width-1), uint32(c.Height-1)
	}
	out := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x08\x00\x00\x00"), byte(w), byte(w>>8), byte(w>>16), byte(h), byte(h>>8), byte(h>>16))
	out = append(out, b[12:]...)
	out = append(binary.LittleEndian.AppendUint32(append(out, "EXIF"...), uint32(len(tiff))), tiff...)
	if len(tiff)%2 == 1 {
		out = append(out, 0)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

func TestPicturesAreTurnedUprightAndTheirMetadataIsGone(t *testing.T) {
	sources := map[string][]byte{
		"JPEG": encoded(t, func(out io.Writer) error { return jpeg.Encode(out, quarters(60, 40), &jpeg.Options{Quality: 100}) }),
		"PNG":  encoded(t, func(out io.Writer) error { return png.Encode(out, quarters(60, 40)) }),
		"WebP": webpOf(t, quarters(60, 40)),
	}
	for name, plain := range sources {
		for o, want := range map[uint16]string{0: "RGBW", 1: "RGBW", 2: "GRWB", 3: "WBGR", 4: "BWRG", 5: "RBGW", 6: "BRWG", 7: "WGBR", 8: "GWRB", 9: "RGBW"} {
			for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
				data := withExif(plain, exif(o, order))
				if !bytes.Contains(data, []byte("SECRET")) {
					t.Fatal("nothing to strip")
				}
				made := render(t, data, media.Cover)
				img := opened(t, made, "vis.tn")
				if got := corners(img); got != want {
					t.Errorf("%s, orientation %d: %s, want %s", name, o, got, want)
				}
				if tall := img.Bounds().Dy() > img.Bounds().Dx(); tall != (o >= 5 && o <= 8) {
					t.Errorf("%s, orientation %d: %v", name, o, img.Bounds())
				}
				for _, b := range made.Data {
					if bytes.Contains(b, []byte("SECRET")) || bytes.Contains(b, []byte("Exif")) || bytes.Contains(b, []byte("EXIF")) || bytes.Contains(b, []byte("II*\x00")) {
						t.Errorf("%s: metadata is kept", name)
					}
				}
			}
		}
	}
}

func TestAnAnimationIsItsFirstFrame(t *testing.T) {
	palette := color.Palette{color.Transparent, color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 255, 255}}
	frame := func(r image.Rectangle, c uint8) *image.Paletted {
		img := image.NewPaletted(r, palette)
		for i := range img.Pix {
			img.Pix[i] = c
		}
		return img
	}
	data := encoded(t, func(out io.Writer) error {
		return gif.EncodeAll(out, &gif.GIF{
			Image: []*image.Paletted{frame(image.Rect(10, 0, 20, 20), 1), frame(image.Rect(0, 0, 20, 20), 2)}, Delay: []int{10, 10},
			Config: image.Config{ColorModel: palette, Width: 20, Height: 20},
		})
	})
	img := opened(t, render(t, data, media.ProfilePicture), "vis.pf")
	_, _, _, left := img.At(5, 10).RGBA()
	r, _, b, right := img.At(15, 10).RGBA()
	if img.Bounds().Dx() != 20 || left != 0 || right != 0xffff || r != 0xffff || b != 0 {
		t.Errorf("%v %v %v %v %v", img.Bounds(), left, right, r, b)
	}
}

func TestTransparencyIsKept(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 300, 300))
	for y := range 300 {
		for x := range 300 {
			src.SetNRGBA(x, y, color.NRGBA{200, 100, 50, uint8(x * 255 / 299)})
		}
	}
	data := encoded(t, func(out io.Writer) error { return png.Encode(out, src) })
	img := opened(t, render(t, data, media.ProfilePicture), "vis.pf")
	for x, want := range map[int]uint8{0: 2, 40: 129, 79: 254} {
		c := color.NRGBAModel.Convert(img.At(x, 40)).(color.NRGBA)
		if math.Abs(float64(c.A)-float64(want)) > 4 || c.A > 100 && (c.R < 195 || c.R > 205) {
			t.Errorf("%d: %+v, want alpha %d", x, c, want)
		}
	}
}

func TestLargePicturesKeepTheirColours(t *testing.T) { // through averaging, strip by strip
	data := encoded(t, func(out io.Writer) error { return jpeg.Encode(out, quarters(3841, 201), nil) })
	made := render(t, data, media.ProfilePicture)
	for _, v := range made.Variants {
		if got := corners(opened(t, made, v.Name)); got != "RGBW" {
			t.Errorf("%s: %s", v.Name, got)
		}
	}
}

func TestPhotographsBecomeJPEGAndDrawingsWhatIsSmaller(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"photograph":  {photoJPEG(t, 700, 500), "jpeg"},
		"drawing":     {encoded(t, func(out io.Writer) error { return png.Encode(out, quarters(700, 500)) }), "webp"},
		"transparent": {encoded(t, func(out io.Writer) error { return png.Encode(out, image.NewNRGBA(image.Rect(0, 0, 9, 9))) }), "webp"},
	} {
		for _, v := range render(t, c.data, media.Cover).Variants {
			if v.Format != c.want {
				t.Errorf("%s: %+v", name, v)
			}
		}
	}
}

func TestDecompressionBombsCostAnErrorAndNoMemory(t *testing.T) {
	head := func(w, h uint16, mark byte) []byte { // of a JPEG with three colours
		b := []byte{0xff, 0xd8, 0xff, mark, 0, 17, 8}
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, h), w)
		b = append(b, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0)
		return append(b, 0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0, 0xff, 0xd9)
	}
	many := head(8, 8, 0xc2)
	scan := bytes.Clone(many[len(many)-16 : len(many)-2])
	for range 200 {
		many = append(append(many[:len(many)-2:len(many)-2], scan...), 0xff, 0xd9)
	}
	for name, data := range map[string][]byte{
		"PNG":                     claiming(t, media.MaxSide, media.MaxSide),
		"PNG beyond 32 bits":      claiming(t, 1<<31-1, 1<<31-1),
		"JPEG":                    head(16000, 16000, 0xc0),
		"progressive JPEG":        head(7000, 7000, 0xc2), // 49 million pixels, 20 bytes each
		"JPEG of a hundred scans": many,
		"GIF":                     append([]byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x01\x00"), ';'),
		"WebP":                    append([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0e\x00\x00\x00\x2f\xff\xff\xff\x0f"), make([]byte, 9)...),
		"WebP in another":         append([]byte("RIFF\x2c\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00VP8L\x0e\x00\x00\x00\x2f\xff\xff\xff\x0f"), make([]byte, 9)...),
	} {
		t.Run(name, func(t *testing.T) {
			r := media.NewRenderer()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := r.Render(t.Context(), data, media.Cover)
			runtime.ReadMemStats(&after)
			if !profile.IsKind(err, profile.Invalid) {
				t.Errorf("%v", err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
				t.Errorf("%d bytes were taken for %d", took, len(data))
			}
		})
	}
}

// cmyk is a grey JPEG of four colours, as Adobe's programs write them.
func cmyk(t testing.TB, w, h int) []byte {
	plain := encoded(t, func(out io.Writer) error { return jpeg.Encode(out, image.NewGray(image.Rect(0, 0, 8, 8)), nil) })
	tables := plain[bytes.Index(plain, []byte("\xff\xc4")):bytes.Index(plain, []byte("\xff\xda"))]
	b := append([]byte("\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"), plain[2:bytes.Index(plain, []byte("\xff\xc0"))]...)
	b = append(b, 0xff, 0xc0, 0, 20, 8)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, uint16(h)), uint16(w))
	b = append(b, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0)
	b = append(append(b, tables...), 0xff, 0xda, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0)
	for range (w + 7) / 8 * ((h + 7) / 8) {
		b = append(b, 0x28, 0xa2, 0x8a) // four blocks without difference
	}
	return append(b, 0xff, 0xd9)
}

// seeThrough is a grey PNG one of whose greys is transparent.
func seeThrough(t testing.TB, w, h int) []byte {
	b := encoded(t, func(out io.Writer) error { return png.Encode(out, image.NewGray(image.Rect(0, 0, w, h))) })
	chunk := []byte("tRNS\x00\x07")
	chunk = binary.BigEndian.AppendUint32(append([]byte{0, 0, 0, 2}, chunk...), crc(chunk))
	return append(append(bytes.Clone(b[:33]), chunk...), b[33:]...)
}

func TestNoPictureTakesMoreMemoryThanItIsCountedWith(t *testing.T) {
	const w, h = media.MaxSide, 600 // long pictures are scaled for little
	for name, data := range map[string][]byte{
		"a JPEG of four colours":         cmyk(t, w, h),
		"a grey PNG with a transparency": seeThrough(t, w, h),
	} {
		t.Run(name, func(t *testing.T) {
			p, err := media.Inspect(data)
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			img, err := map[string]func(io.Reader) (image.Image, error){"image/jpeg": jpeg.Decode, "image/png": png.Decode}[p.Type](bytes.NewReader(data))
			runtime.ReadMemStats(&after)
			if err != nil || img.Bounds().Dx() != w {
				t.Fatal(err)
			}
			if took := int64(after.TotalAlloc - before.TotalAlloc); took > p.Memory()+1<<20 { // beside the pixels a decoder takes little
				t.Errorf("%d bytes were taken, %d were counted", took, p.Memory())
			}
		})
	}
}

func TestWhoWaitsTooLongForOthersIsToldToComeAgain(t *testing.T) {
	r := media.NewRenderer()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Render(ctx, photoJPEG(t, 50, 50), media.Cover); err == nil {
		t.Error("a picture of nobody was made")
	}
	leave := r.Occupy()
	defer leave()
	_, err := r.RenderWithin(t.Context(), 0, photoJPEG(t, 50, 50), media.Cover)
	if e := profile.AsError(err); e.Kind != profile.Busy || e.Retry == 0 {
		t.Errorf("%v", err)
	}
}

func FuzzRender(f *testing.F) {
	for _, b := range [][]byte{
		jpegOf(f, 5, 5), pngOf(f, 5, 5), gifOf(f, 5, 5), unbase64(f, webpLossy), unbase64(f, webpLossless),
		withExif(jpegOf(f, 9, 4), exif(6, binary.LittleEndian)), withExif(pngOf(f, 9, 4), exif(8, binary.BigEndian)), withExif(webpOf(f, quarters(9, 4)), exif(5, binary.BigEndian)),
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := media.Inspect(b)
		if err != nil || p.Width*p.Height > 1<<20 {
			return
		}
		made, err := media.NewRenderer().Render(t.Context(), b, media.ProfilePicture)
		if err != nil {
			if !profile.IsKind(err, profile.Invalid) {
				t.Error(err)
			}
			return
		}
		for _, v := range made.Variants {
			opened(t, made, v.Name)
		}
	})
}

// BenchmarkTwelveMegapixels shows what an upload costs beside receiving and
// storing it.
func BenchmarkTwelveMegapixels(b *testing.B) {
	data := photoJPEG(b, 4000, 3000)
	r := media.NewRenderer()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Render(b.Context(), data, media.ProfilePicture); err != nil {
			b.Fatal(err)
		}
	}
}
