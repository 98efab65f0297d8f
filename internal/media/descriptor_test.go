package media_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/media"
)

// The example of Cloudillo's "Blob storage", with its hashes as printed.
const printedDescriptor = "d2,vis.tn:b1~abc123:f=webp:s=2048:r=128x128;vis.sd:b1~def456:f=webp:s=10240:r=720x720"

func TestADescriptorIsWrittenAsPrinted(t *testing.T) {
	all, ok := media.ParseDescriptor(printedDescriptor)
	if !ok || len(all) != 2 || all[0] != (media.Variant{Name: "vis.tn", Key: "b1~abc123", Format: "webp", Size: 2048, Width: 128, Height: 128}) {
		t.Fatalf("%+v %v", all, ok)
	}
	if got := media.Descriptor([]media.Variant{all[1], all[0]}); got != printedDescriptor {
		t.Error(got)
	}
	if key := media.FileKey(printedDescriptor); !media.IsKey(key) || !strings.HasPrefix(key, "f1~") || key == media.FileKey(printedDescriptor+"x") {
		t.Error(key)
	}
}

func TestADescriptorIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) media.Variant {
			return media.Variant{
				Name: rapid.SampledFrom(media.VariantNames()).Draw(t, "name"), Key: media.Key(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")),
				Format: rapid.SampledFrom([]string{"jpeg", "png", "webp"}).Draw(t, "format"), Size: rapid.Int64Range(0, 1<<40).Draw(t, "size"),
				Width: rapid.IntRange(1, 1<<20).Draw(t, "w"), Height: rapid.IntRange(1, 1<<20).Draw(t, "h"),
			}
		}), 1, 6).Draw(t, "variants")
		text := media.Descriptor(all)
		back, ok := media.ParseDescriptor(text)
		if !ok || media.Descriptor(back) != text || len(back) != len(all) {
			t.Fatalf("%s: %+v %v", text, back, ok)
		}
	})
}

func FuzzParseDescriptor(f *testing.F) {
	for _, s := range []string{printedDescriptor, "", "d2,", "d1~x", "d2,a:b1~abcd:f=:s=1:r=1x1", "d2,a:b1~abcd:f=x:s=01:r=1x1", "d2,a:b1~abcd:f=x:s=1:r=1x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		all, ok := media.ParseDescriptor(s)
		if !ok {
			return
		}
		again, ok := media.ParseDescriptor(media.Descriptor(all))
		if !ok || len(again) != len(all) || len(all) == 0 {
			t.Errorf("%q: %+v", s, all)
		}
		media.Choose(all, media.Wish{Name: "sd", MinX: 1})
	})
}

func TestAVariantThatIsNotThereIsReplacedByTheNearest(t *testing.T) {
	of := func(names ...string) (all []media.Variant) {
		side := map[string]int{"pf": 80, "tn": 256, "sd": 720, "md": 1280, "hd": 1920}
		for _, n := range names {
			all = append(all, media.Variant{Name: "vis." + n, Width: side[n], Height: side[n] / 2})
		}
		return all
	}
	all := of("hd", "pf", "md", "tn", "sd")
	for _, c := range []struct {
		of   []media.Variant
		want media.Wish
		got  string
	}{
		{all, media.Wish{}, "vis.hd"}, {all, media.Wish{Name: "orig"}, "vis.hd"}, {all, media.Wish{Name: "vis.tn"}, "vis.tn"}, {all, media.Wish{Name: "sd"}, "vis.sd"},
		{of("pf", "sd"), media.Wish{Name: "tn"}, "vis.pf"}, {of("pf", "md", "hd"), media.Wish{Name: "sd"}, "vis.md"}, {of("pf", "tn"), media.Wish{Name: "sd"}, "vis.tn"},
		{of("pf", "tn", "hd"), media.Wish{Name: "md"}, "vis.tn"}, {of("pf", "sd"), media.Wish{Name: "hd"}, "vis.sd"}, {of("tn", "sd"), media.Wish{Name: "pf"}, "vis.tn"},
		{of("hd"), media.Wish{Name: "pf"}, "vis.hd"}, {of("pf"), media.Wish{Name: "orig"}, "vis.pf"},
		{all, media.Wish{MinX: 256}, "vis.tn"}, {all, media.Wish{MinX: 257}, "vis.sd"}, {all, media.Wish{MinY: 360}, "vis.sd"}, {all, media.Wish{MinX: 9999}, "vis.hd"},
		{all, media.Wish{MinPixels: 81 * 40}, "vis.tn"}, {all, media.Wish{MinPixels: 1 << 30}, "vis.hd"},
	} {
		if got := media.Choose(c.of, c.want).Name; got != c.got {
			t.Errorf("%+v of %v: %s, want %s", c.want, c.of, got, c.got)
		}
	}
}
