package media

import (
	"bytes"
	"context"
	"image"
	"image/draw"
	"image/jpeg"
	"runtime"
	"time"

	"github.com/HugoSmits86/nativewebp"
	xdraw "golang.org/x/image/draw"
	"golang.org/x/sync/semaphore"

	"facet/internal/profile"
)

// Preset is what a picture is for, which tells the sizes that are made of it.
type Preset string

// The presets (Cloudillo, "Files": profile-picture and cover).
const (
	ProfilePicture Preset = "profile-picture"
	Cover          Preset = "cover"
)

// tier is a size: the picture lies within a square of so many pixels a side.
type tier struct {
	name string
	side int
}

// The tiers, from the largest: each is made of the one before.
var tiers = []tier{{"vis.hd", 1920}, {"vis.md", 1280}, {"vis.sd", 720}, {"vis.tn", 256}, {"vis.pf", 80}}

const largest = 1920

// VariantNames are the sizes that there may be of a picture.
func VariantNames() []string {
	names := make([]string, len(tiers))
	for i, t := range tiers {
		names[i] = t.name
	}
	return names
}

// Rendition is what is kept of a picture: its variants, and nothing else that
// the file told.
type Rendition struct {
	Variants   []Variant
	Data       map[string][]byte // by key of the variant
	Descriptor string
	Key        string // f1~…
}

// maxMemory bounds the bytes that are taken by all pictures being decoded.
const maxMemory = 512 << 20

// Renderer makes variants: of no more pictures at once than memory and
// processors allow; others wait.
type Renderer struct {
	memory *semaphore.Weighted
	least  int64 // that a picture counts as: so many at a time as there are processors

	patience time.Duration // how long an upload waits for the memory to decode it
}

// NewRenderer makes one. A process has one.
func NewRenderer() *Renderer {
	return &Renderer{memory: semaphore.NewWeighted(maxMemory), least: maxMemory / int64(runtime.GOMAXPROCS(0)), patience: 10 * time.Second}
}

// Render makes the variants of a picture. It is turned as its camera says, and
// written anew, so that nothing of what else was in the file is kept. Errors:
// those of Inspect; Invalid when it cannot be decoded; Busy after too long a
// wait for others.
func (r *Renderer) Render(ctx context.Context, b []byte, preset Preset) (Rendition, error) {
	p, err := Inspect(b)
	if err != nil {
		return Rendition{}, err
	}
	cost := max(p.memory, r.least)
	waiting, stop := context.WithTimeout(ctx, r.patience)
	defer stop()
	if err := r.memory.Acquire(waiting, cost); err != nil {
		if err := ctx.Err(); err != nil {
			return Rendition{}, err
		}
		e := profile.E(profile.Busy, profile.CodeBusy, "", "too many pictures are being decoded")
		e.Retry = 2
		return Rendition{}, e
	}
	defer r.memory.Release(cost)
	return p.render(b, preset)
}

func (p Picture) render(b []byte, preset Preset) (Rendition, error) {
	img, err := p.format.decode(bytes.NewReader(b))
	if err != nil {
		return Rendition{}, noPicture()
	}
	bounds := image.Rect(0, 0, p.Width, p.Height)
	if p.Type != "image/gif" { // the first frame of an animation may be a part of the whole
		bounds = img.Bounds()
	}
	flat := isFlat(img)
	small := reduce(img, bounds)
	img = nil
	out := Rendition{Data: map[string][]byte{}}
	for _, t := range wanted(max(p.Width, p.Height), preset) {
		small = fit(small, p.Width, p.Height, t.side)
		shown := upright(small, p.orientation)
		data, format, err := encode(shown, flat)
		if err != nil {
			return Rendition{}, err
		}
		v := Variant{Name: t.name, Key: Key(data), Format: format, Size: int64(len(data)), Width: shown.Rect.Dx(), Height: shown.Rect.Dy()}
		out.Variants = append(out.Variants, v)
		out.Data[v.Key] = data
		if v.Width*v.Height > manyPixels {
			runtime.GC() // what this size took is not to stand beside what the next one takes
		}
	}
	out.Descriptor = Descriptor(out.Variants)
	out.Key = FileKey(out.Descriptor)
	return out, nil
}

// wanted are the tiers of a picture, from the largest. One is left out that is
// hardly larger than the one below it (Cloudillo, "Files": 110 %).
func wanted(longer int, preset Preset) (out []tier) {
	below := 0
	for i := len(tiers) - 1; i >= 0; i-- {
		t := tiers[i]
		if t.name == "vis.pf" && preset != ProfilePicture {
			continue
		}
		if side := min(t.side, longer); side*10 > below*11 {
			out = append([]tier{t}, out...)
			below = side
		}
	}
	return out
}

// factor is how many pixels a side become one before a picture is scaled
// exactly, which would take much memory for many.
func factor(w, h int) int { return max(1, max(w, h)/largest) }

// scaling is how many bytes the steps after decoding take, at most, for the
// largest variant: the reduced picture, the exact scaling's intermediate of
// four floats a pixel, and the variant while it is encoded, which measured 52
// bytes a pixel as WebP.
func scaling(w, h int) int64 {
	k := factor(w, h)
	rw, rh := (w+k-1)/k, (h+k-1)/k
	tw, th := within(w, h, largest)
	return int64(rw)*int64(rh)*4 + int64(tw)*int64(rh)*32 + int64(tw)*int64(th)*64
}

// manyPixels are as many as make it worth while to collect the garbage of a
// variant at once: the server lets it grow to several times what is in use.
const manyPixels = 500_000

// within is the size of a picture that lies within a square, its shape kept.
func within(w, h, side int) (int, int) {
	longer := max(w, h)
	if longer <= side {
		return w, h
	}
	return max(1, (w*side+longer/2)/longer), max(1, (h*side+longer/2)/longer)
}

// reduce gives a picture with whole squares of pixels averaged into one each,
// strip by strip.
func reduce(src image.Image, bounds image.Rectangle) *image.RGBA {
	w, h := bounds.Dx(), bounds.Dy()
	k := factor(w, h)
	if k == 1 {
		dst := image.NewRGBA(image.Rect(0, 0, w, h))
		draw.Draw(dst, dst.Rect, src, bounds.Min, draw.Src)
		return dst
	}
	dst := image.NewRGBA(image.Rect(0, 0, (w+k-1)/k, (h+k-1)/k))
	strip := image.NewRGBA(image.Rect(0, 0, w, k))
	for y := range dst.Rect.Dy() {
		rows := min(k, h-y*k)
		clear(strip.Pix)
		draw.Draw(strip, image.Rect(0, 0, w, rows), src, bounds.Min.Add(image.Pt(0, y*k)), draw.Src)
		line := dst.Pix[y*dst.Stride:]
		for x := range dst.Rect.Dx() {
			columns := min(k, w-x*k)
			var sum [4]int
			for row := range rows {
				part := strip.Pix[row*strip.Stride+x*k*4:][:columns*4]
				for i := 0; i < len(part); i += 4 {
					sum[0] += int(part[i])
					sum[1] += int(part[i+1])
					sum[2] += int(part[i+2])
					sum[3] += int(part[i+3])
				}
			}
			n := rows * columns
			for i, s := range sum {
				line[x*4+i] = uint8((s + n/2) / n)
			}
		}
	}
	return dst
}

// fit scales a picture so that it lies within a square of side pixels; w and h
// are the sides of the original, whose shape it has.
func fit(src *image.RGBA, w, h, side int) *image.RGBA {
	tw, th := within(w, h, side)
	if src.Rect.Dx() == tw && src.Rect.Dy() == th {
		return src
	}
	dst := image.NewRGBA(image.Rect(0, 0, tw, th))
	xdraw.CatmullRom.Scale(dst, dst.Rect, src, src.Rect, xdraw.Src, nil)
	return dst
}

// quality of the JPEGs that are written. Photographs without loss measured 4.3
// to 5.6 times the size.
const quality = 85

// encode writes a picture: as JPEG, which has no transparency; without loss,
// as WebP, where there is some, or where few colours make that smaller.
func encode(img *image.RGBA, flat bool) (data []byte, format string, err error) {
	var lossy, exact bytes.Buffer
	opaque := img.Opaque()
	if opaque {
		if err := jpeg.Encode(&lossy, img, &jpeg.Options{Quality: quality}); err != nil {
			return nil, "", err
		}
		if !flat {
			return lossy.Bytes(), "jpeg", nil
		}
	}
	if err := nativewebp.Encode(&exact, img, nil); err != nil {
		return nil, "", err
	}
	if opaque && lossy.Len() <= exact.Len() {
		return lossy.Bytes(), "jpeg", nil
	}
	return exact.Bytes(), "webp", nil
}

// isFlat reports whether a picture has few colours, as drawings and letters
// have, by looking at some thousand pixels of it.
func isFlat(img image.Image) bool {
	if _, ok := img.(*image.Paletted); ok {
		return true
	}
	const each = 64 // places a side
	b := img.Bounds()
	seen := map[[3]uint8]bool{}
	n := 0
	for y := 0; y < b.Dy(); y += max(1, b.Dy()/each) {
		for x := 0; x < b.Dx(); x += max(1, b.Dx()/each) {
			r, g, bl, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			seen[[3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(bl >> 8)}] = true
			n++
		}
	}
	return len(seen)*8 <= n
}
