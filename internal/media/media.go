// Package media keeps pictures. It tells what a file is from its bytes alone,
// makes of a picture the sizes that are shown of it, gives files their ids,
// and stores them, in a folder or in a bucket. Who may store a picture, and
// who uses which, is package directory's business.
package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"regexp"

	"golang.org/x/image/webp"

	"facet/internal/profile"
)

// The limits of a picture (Cloudillo, "PUT /api/me/image": 16 MiB, 16384
// pixels a side). The number of pixels is bounded too, because a few bytes may
// stand for gigabytes once they are decoded, and so are the passes of a
// progressive JPEG, each of which goes over all of them.
const (
	MaxBytes  = 16 << 20
	MaxSide   = 16384
	MaxPixels = 50_000_000
	maxScans  = 100
)

// Picture is what the head of a picture tells.
type Picture struct {
	Type          string // media type: image/jpeg, image/png, image/gif, image/webp
	Width, Height int    // pixels, as they are stored

	orientation int   // 1 to 8 (Exif 2.3, tag 0x0112)
	memory      int64 // bytes that decoding and scaling it take, at most
	format      *format
}

// format is a kind of picture that is taken. Each knows itself by its first
// bytes, reads its size from the head alone, sees whether its end is there, and
// finds where cameras note how they were held.
type format struct {
	media  string
	is     func([]byte) bool
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	look   func([]byte) (found, bool)
}

// found is what is read of a picture beside its size: not ok when it is cut off.
type found struct {
	exif        []byte // TIFF structure, nil when there is none
	progressive bool   // its coefficients are kept until the last pass
	scans       int
	interlaced  bool // its passes are decoded one by one
	transparent bool // a colour that stands for none, which grey pixels have no room for
}

var formats = []format{
	{"image/jpeg", func(b []byte) bool { return bytes.HasPrefix(b, []byte("\xff\xd8\xff")) }, jpeg.DecodeConfig, jpeg.Decode, lookJPEG},
	{"image/png", func(b []byte) bool { return bytes.HasPrefix(b, []byte(pngMagic)) }, png.DecodeConfig, png.Decode, lookPNG},
	{"image/gif", isGIF, gif.DecodeConfig, gif.Decode, lookGIF},
	{"image/webp", isWebP, webp.DecodeConfig, webp.Decode, lookWebP},
}

// Inspect tells what a picture is, from its bytes and not from what its sender
// says. Nothing is decoded but the head. Errors: Missing/CodeBlank without
// bytes; TooLarge over MaxBytes; Invalid for what is no JPEG, PNG, GIF or WebP,
// is cut off, or has too many pixels.
func Inspect(b []byte) (Picture, error) {
	if len(b) == 0 {
		return Picture{}, profile.E(profile.Missing, profile.CodeBlank, "", "No image data provided")
	}
	if len(b) > MaxBytes {
		return Picture{}, profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the picture is larger than %d bytes", MaxBytes)
	}
	for i := range formats {
		f := &formats[i]
		if !f.is(b) {
			continue
		}
		c, err := f.config(bytes.NewReader(b))
		if err != nil || c.Width <= 0 || c.Height <= 0 {
			return Picture{}, noPicture()
		}
		if c.Width > MaxSide || c.Height > MaxSide || c.Width*c.Height > MaxPixels {
			return Picture{}, tooMany(c.Width, c.Height)
		}
		seen, whole := f.look(b)
		if !whole || seen.scans > maxScans {
			return Picture{}, noPicture()
		}
		p := Picture{Type: f.media, Width: c.Width, Height: c.Height, orientation: orientation(seen.exif), format: f}
		if p.memory = memoryOf(c, seen); p.memory > maxMemory {
			return Picture{}, tooMany(c.Width, c.Height)
		}
		return p, nil
	}
	return Picture{}, noPicture()
}

func noPicture() error {
	return profile.E(profile.Invalid, profile.CodeInvalid, "", "Invalid or unsupported image format")
}

func tooMany(w, h int) error {
	return profile.E(profile.Invalid, profile.CodeConstraint, "",
		"the picture has %d x %d pixels: %d a side and %d in all are allowed, fewer where each takes much memory", w, h, MaxSide, MaxPixels)
}

// memoryOf is how many bytes the decoder takes for the pixels, at most, and
// what comes after them: the scaling or, before that, the four bytes a pixel into
// which decoders copy what they have read (a JPEG of CMYK or RGB, a WebP with a
// palette).
func memoryOf(c image.Config, seen found) int64 {
	var each int64 // bytes a pixel
	switch c.ColorModel {
	case color.GrayModel:
		each = 1
	case color.YCbCrModel:
		each = 3
	case color.RGBA64Model, color.NRGBA64Model:
		each = 8
	case color.Gray16Model:
		each = 2
	default:
		if each = 4; isPalette(c.ColorModel) {
			each = 1
		}
	}
	switch { // an alpha channel comes in
	case !seen.transparent:
	case c.ColorModel == color.GrayModel:
		each = 4
	case c.ColorModel == color.Gray16Model:
		each = 8
	}
	switch {
	case seen.progressive: // a coefficient is four bytes, and a pixel has one of each colour
		each *= 5
	case seen.interlaced:
		each += (each + 1) / 2
	}
	pixels := int64(c.Width) * int64(c.Height)
	return each*pixels + max(4*pixels, scaling(c.Width, c.Height))
}

func isPalette(m color.Model) bool {
	_, ok := m.(color.Palette)
	return ok
}

// Key is the id of a file by its content: "b1~" and the SHA-256 of the bytes in
// base64url (Cloudillo, "Blob storage").
func Key(b []byte) string { return hashed("b1~", b) }

func hashed(prefix string, b []byte) string {
	sum := sha256.Sum256(b)
	return prefix + base64.RawURLEncoding.EncodeToString(sum[:])
}

var keyForm = regexp.MustCompile(`^[a-z][0-9]~[A-Za-z0-9_-]{4,86}$`)

// IsKey reports whether a text has the form of a file id.
func IsKey(s string) bool { return keyForm.MatchString(s) }

// lookJPEG goes from segment to segment (ITU-T T.81, annex B): what stands in
// one of them, such as a preview, is not taken for the picture's own marks.
func lookJPEG(b []byte) (seen found, whole bool) {
	for b = b[2:]; len(b) >= 2; {
		if b[0] != 0xff {
			return seen, false
		}
		mark := b[1]
		switch {
		case mark == 0xff: // padding
			b = b[1:]
			continue
		case mark == 0: // no mark; decoders pass over it, and over no length behind it
			return seen, false
		case mark == 0xd9: // end of image
			return seen, seen.scans > 0
		case mark == 0x01, mark >= 0xd0 && mark <= 0xd7: // these have no length
			b = b[2:]
			continue
		}
		if len(b) < 4 {
			return seen, false
		}
		size := 2 + int(binary.BigEndian.Uint16(b[2:]))
		if size < 4 || size > len(b) {
			return seen, false
		}
		body := b[4:size]
		b = b[size:]
		switch {
		case mark == 0xc2:
			seen.progressive = true
		case mark == 0xe1 && seen.exif == nil && bytes.HasPrefix(body, []byte(exifMagic)):
			seen.exif = body[len(exifMagic):]
		case mark == 0xda:
			seen.scans++
			b = afterScan(b)
		}
	}
	return seen, false
}

// afterScan passes over the coded data of a scan, to the mark behind it.
func afterScan(b []byte) []byte {
	for {
		i := bytes.IndexByte(b, 0xff)
		if i < 0 || i+1 >= len(b) {
			return nil
		}
		if next := b[i+1]; next != 0 && (next < 0xd0 || next > 0xd7) {
			return b[i:]
		}
		b = b[i+2:]
	}
}

const pngMagic = "\x89PNG\r\n\x1a\n"

// lookPNG goes from chunk to chunk until the one that ends the picture (PNG
// specification, "Chunk layout").
func lookPNG(b []byte) (seen found, whole bool) {
	for b = b[len(pngMagic):]; len(b) >= 12; {
		size := uint64(binary.BigEndian.Uint32(b))
		if size > uint64(len(b)-12) {
			return seen, false
		}
		body := b[8 : 8+size]
		switch string(b[4:8]) {
		case "IHDR":
			seen.interlaced = len(body) == 13 && body[12] != 0
		case "tRNS":
			seen.transparent = true
		case "eXIf":
			seen.exif = body
		case "IEND":
			return seen, true
		}
		b = b[12+size:]
	}
	return seen, false
}

func isGIF(b []byte) bool {
	return bytes.HasPrefix(b, []byte("GIF87a")) || bytes.HasPrefix(b, []byte("GIF89a"))
}

// lookGIF finds nothing: only the first frame is read, and its decoder sees
// whether that is whole.
func lookGIF([]byte) (seen found, whole bool) { return found{}, true }

func isWebP(b []byte) bool {
	return len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP"
}

// lookWebP compares the size in the head, and goes through the chunks (RFC
// 9649, section 2.4).
func lookWebP(b []byte) (seen found, whole bool) {
	end := uint64(binary.LittleEndian.Uint32(b[4:])) + 8
	if end < 12 || end > uint64(len(b)) {
		return seen, false
	}
	for b = b[12:end]; len(b) >= 8; {
		size := uint64(binary.LittleEndian.Uint32(b[4:]))
		if size > uint64(len(b)-8) {
			break
		}
		if string(b[:4]) == "EXIF" {
			seen.exif = bytes.TrimPrefix(b[8:8+size], []byte(exifMagic))
		}
		b = b[min(8+size+size%2, uint64(len(b))):]
	}
	return seen, true
}
