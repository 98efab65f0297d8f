// Package media keeps pictures: it tells what a file is from its bytes alone,
// gives it its id, and stores it in a folder. Who may store a picture, and who
// uses which, is package directory's business.
package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"

	"facet/internal/profile"
)

// The limits of a picture (Cloudillo, "PUT /api/me/image": 16 MiB, 16384
// pixels a side). The number of pixels is bounded too, because a few bytes may
// stand for gigabytes once they are decoded.
const (
	MaxBytes  = 16 << 20
	MaxSide   = 16384
	MaxPixels = 50_000_000
)

// Picture is what the head of a picture tells.
type Picture struct {
	Type          string // media type: image/jpeg, image/png, image/webp
	Width, Height int    // pixels
}

// formats are the pictures that are taken. Each knows itself by its first
// bytes, reads its size from the head alone, and sees whether its end is there.
var formats = []struct {
	media  string
	is     func([]byte) bool
	config func(io.Reader) (image.Config, error)
	whole  func([]byte) bool
}{
	{"image/jpeg", func(b []byte) bool { return bytes.HasPrefix(b, []byte("\xff\xd8\xff")) }, jpeg.DecodeConfig, wholeJPEG},
	{"image/png", func(b []byte) bool { return bytes.HasPrefix(b, []byte(pngMagic)) }, png.DecodeConfig, wholePNG},
	{"image/webp", isWebP, webp.DecodeConfig, wholeWebP},
}

// Inspect tells what a picture is, from its bytes and not from what its sender
// says. Nothing is decoded but the head. Errors: Missing/CodeBlank without
// bytes; TooLarge over MaxBytes; Invalid for what is no JPEG, PNG or WebP, is
// cut off, or has too many pixels.
func Inspect(b []byte) (Picture, error) {
	if len(b) == 0 {
		return Picture{}, profile.E(profile.Missing, profile.CodeBlank, "", "No image data provided")
	}
	if len(b) > MaxBytes {
		return Picture{}, profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the picture is larger than %d bytes", MaxBytes)
	}
	for _, f := range formats {
		if !f.is(b) {
			continue
		}
		c, err := f.config(bytes.NewReader(b))
		if err != nil || c.Width <= 0 || c.Height <= 0 || !f.whole(b) {
			return Picture{}, noPicture()
		}
		if c.Width > MaxSide || c.Height > MaxSide || c.Width*c.Height > MaxPixels {
			return Picture{}, profile.E(profile.Invalid, profile.CodeConstraint, "",
				"the picture has %d x %d pixels: %d a side and %d in all are allowed", c.Width, c.Height, MaxSide, MaxPixels)
		}
		return Picture{Type: f.media, Width: c.Width, Height: c.Height}, nil
	}
	return Picture{}, noPicture()
}

func noPicture() error {
	return profile.E(profile.Invalid, profile.CodeInvalid, "", "Invalid or unsupported image format")
}

// Key is the id of a file by its content: "b1~" and the SHA-256 of the bytes in
// base64url (Cloudillo, "Blob storage").
func Key(b []byte) string {
	sum := sha256.Sum256(b)
	return "b1~" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// wholeJPEG looks for the mark that ends the picture (ITU-T T.81, EOI).
func wholeJPEG(b []byte) bool { return bytes.Contains(b[2:], []byte("\xff\xd9")) }

const pngMagic = "\x89PNG\r\n\x1a\n"

// wholePNG goes from chunk to chunk until the one that ends the picture (PNG
// specification, "Chunk layout").
func wholePNG(b []byte) bool {
	for b = b[len(pngMagic):]; len(b) >= 12; {
		size := uint64(binary.BigEndian.Uint32(b))
		if size > uint64(len(b)-12) {
			return false
		}
		if string(b[4:8]) == "IEND" {
			return true
		}
		b = b[12+size:]
	}
	return false
}

func isWebP(b []byte) bool {
	return len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP"
}

// wholeWebP compares the size in the head (RFC 9649, section 2.4).
func wholeWebP(b []byte) bool { return uint64(binary.LittleEndian.Uint32(b[4:]))+8 <= uint64(len(b)) }
