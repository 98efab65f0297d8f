package media

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Variant is one size of a picture.
type Variant struct {
	Name          string // vis.pf, vis.tn, vis.sd, vis.md, vis.hd
	Key           string // b1~…, of its bytes
	Format        string // jpeg, webp, png
	Size          int64  // bytes
	Width, Height int    // pixels
}

// Type is the media type.
func (v Variant) Type() string { return "image/" + v.Format }

// Descriptor writes down the variants of a file: "d2," and, for each, by size,
// NAME:KEY:f=FORMAT:s=BYTES:r=WIDTHxHEIGHT, with ";" between them (Cloudillo,
// "Blob storage").
func Descriptor(all []Variant) string {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Variant) int {
		return cmp.Or(cmp.Compare(a.Size, b.Size), cmp.Compare(a.Width, b.Width), cmp.Compare(a.Height, b.Height), cmp.Compare(a.Name, b.Name))
	})
	parts := make([]string, len(all))
	for i, v := range all {
		parts[i] = fmt.Sprintf("%s:%s:f=%s:s=%d:r=%dx%d", v.Name, v.Key, v.Format, v.Size, v.Width, v.Height)
	}
	return "d2," + strings.Join(parts, ";")
}

// FileKey is the id of a file that has variants: "f1~" and the SHA-256 of its
// descriptor.
func FileKey(descriptor string) string { return hashed("f1~", []byte(descriptor)) }

// ParseDescriptor reads what Descriptor wrote; ok is false for anything else.
func ParseDescriptor(s string) (all []Variant, ok bool) {
	s, ok = strings.CutPrefix(s, "d2,")
	if !ok || s == "" {
		return nil, false
	}
	for part := range strings.SplitSeq(s, ";") {
		f := strings.Split(part, ":")
		if len(f) != 5 || f[0] == "" || !IsKey(f[1]) {
			return nil, false
		}
		v := Variant{Name: f[0], Key: f[1]}
		format, isFormat := strings.CutPrefix(f[2], "f=")
		size, isSize := strings.CutPrefix(f[3], "s=")
		sides, isSides := strings.CutPrefix(f[4], "r=")
		w, h, isPair := strings.Cut(sides, "x")
		if !isFormat || format == "" || !isSize || !isSides || !isPair {
			return nil, false
		}
		var err error
		number := func(s string, most int64) int64 {
			n, wrong := strconv.ParseUint(s, 10, 63)
			if wrong != nil || int64(n) > most || strconv.FormatUint(n, 10) != s {
				err = strconv.ErrSyntax
			}
			return int64(n)
		}
		v.Format, v.Size = format, number(size, 1<<40)
		v.Width, v.Height = int(number(w, 1<<20)), int(number(h, 1<<20))
		if err != nil {
			return nil, false
		}
		all = append(all, v)
	}
	return all, true
}

// Wish says which variant of a file is wanted: by name, or the smallest that
// is large enough; the largest when it says nothing.
type Wish struct {
	Name       string // vis.sd, sd, orig; "" by size
	MinX, MinY int    // pixels
	MinPixels  int64
}

// instead are the variants to take, in turn, where one is not there.
var instead = map[string][]string{
	"pf": {"tn"}, "tn": {"pf"}, "sd": {"md", "tn", "pf"}, "md": {"sd", "tn"}, "hd": {"md", "sd", "tn"},
	"xd": {"hd", "md", "sd", "tn"}, "orig": {"xd", "hd", "md", "sd", "tn"},
}

// IsVariantName reports whether a wish may have the name.
func IsVariantName(s string) bool {
	_, ok := instead[strings.TrimPrefix(s, "vis.")]
	return ok
}

// Choose gives the variant that fits a wish best; there must be one at least.
func Choose(all []Variant, want Wish) Variant {
	largest := slices.MaxFunc(all, func(a, b Variant) int { return cmp.Compare(a.Width*a.Height, b.Width*b.Height) })
	if want.Name != "" {
		name := strings.TrimPrefix(want.Name, "vis.")
		for _, n := range append([]string{name}, instead[name]...) {
			for _, v := range all {
				if v.Name == "vis."+n {
					return v
				}
			}
		}
		return largest
	}
	if want.MinX == 0 && want.MinY == 0 && want.MinPixels == 0 {
		return largest
	}
	best := largest
	for _, v := range all {
		if v.Width >= want.MinX && v.Height >= want.MinY && int64(v.Width)*int64(v.Height) >= want.MinPixels && v.Width*v.Height < best.Width*best.Height {
			best = v
		}
	}
	return best
}
