package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMedianIsTheMiddle(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{
		{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2.5},
	} {
		in := slices.Clone(c.in)
		if got := median(c.in); got != c.want {
			t.Errorf("median(%v) = %v, want %v", in, got, c.want)
		}
		if !slices.Equal(in, c.in) {
			t.Errorf("median reordered its argument: %v", c.in)
		}
	}
}

func TestPercentileIsTheExactOneToAThirtySecond(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		us := rapid.SliceOfN(rapid.Int64Range(0, 30_000_000), 1, 200).Draw(t, "microseconds")
		p := rapid.SampledFrom([]float64{1, 50, 90, 99, 100}).Draw(t, "p")
		var whole, half histogram
		for i, v := range us {
			if i%2 == 0 {
				half.add(time.Duration(v) * time.Microsecond)
			} else {
				whole.add(time.Duration(v) * time.Microsecond)
			}
		}
		whole.merge(&half)
		slices.Sort(us)
		rank := max((len(us)*int(p)+99)/100, 1)
		exact := time.Duration(us[rank-1]) * time.Microsecond
		if got := whole.percentile(p); got > exact || exact-got > exact/32+time.Microsecond {
			t.Fatalf("p%v of %v is %v, want %v", p, us, got, exact)
		}
	})
}

func TestPercentileOfNothingIsZero(t *testing.T) {
	if got := new(histogram).percentile(99); got != 0 {
		t.Errorf("got %v", got)
	}
}

func TestVeryLongDurationsAreCounted(t *testing.T) {
	var h histogram
	h.add(100 * time.Hour)
	h.add(-time.Second)
	if h.percentile(100) < time.Minute || h.percentile(1) != 0 {
		t.Errorf("least %v, most %v", h.percentile(1), h.percentile(100))
	}
}

func TestHeadTellsWhereTheBodyIs(t *testing.T) {
	for _, c := range []struct {
		in         string
		body, size int
		ok         bool
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: x\r\n\r\nhello", 47, 5, true},
		{"HTTP/1.1 204 No Content\r\n\r\n", 27, 0, true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", 0, 0, false},
		{"", 0, 0, false},
	} {
		if body, size, ok := parseHead([]byte(c.in)); body != c.body || size != c.size || ok != c.ok {
			t.Errorf("%q: %d, %d, %t", c.in, body, size, ok)
		}
	}
}

func TestCountedNumbersHaveOneLength(t *testing.T) {
	for n, want := range map[int64]string{0: "00000000", 42: "00000042", 12345678: "12345678"} {
		if got := string(appendCounted(nil, n)); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	j := createJob(1, 1, 7)
	if n := bytes.Count([]byte(j.Head), []byte("Content-Length: ")); n != 1 || len(j.Parts) < 2 {
		t.Errorf("%d lengths, %d parts", n, len(j.Parts))
	}
}

func TestRowsAreOfOneKindWhateverTheirNumbers(t *testing.T) {
	a := kindOf("name", []any{int64(1), []byte{1, 2}, "u-17", nil})
	b := kindOf("name", []any{int64(2), []byte{3, 4}, "u-4711", nil})
	if c := kindOf("name", []any{int64(2), []byte{3}, "u-4711", nil}); a != b || b == c {
		t.Errorf("%q, %q, %q", a, b, c)
	}
	if err := sameKinds(map[string]int{a: 2}, map[string]int{b: 2}); err != nil {
		t.Error(err)
	}
	if sameKinds(map[string]int{a: 2}, map[string]int{b: 1}) == nil || sameKinds(nil, map[string]int{b: 1}) == nil {
		t.Error("a difference was not seen")
	}
}

func TestResultsAreATableAndAPlotThatCanBeRead(t *testing.T) {
	figures := []figure{
		{Name: "a | b <&>", Target: 0.5, Baseline: "bare", Ours: series{Rates: []float64{300}}, Bare: series{Rates: []float64{400}}, Memory: 3 << 20},
		{Name: strings.Repeat("long ", 30), Ours: series{Rates: []float64{9000}}, Bare: series{Rates: []float64{1}}},
		{Name: "nothing was measured"},
	}
	var table strings.Builder
	writeFigures(&table, figures)
	if !strings.Contains(table.String(), `| a \| b <&> | 300 (300–300) | 400 (400–400) | 0.75 | 0.50 |`) || !strings.Contains(table.String(), "| 3 MiB |") {
		t.Error(table.String())
	}
	path := filepath.Join(t.TempDir(), "plot.svg")
	if err := writePlot(path, "A <store>", figures); err != nil {
		t.Fatal(err)
	}
	plot, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(plot, new(struct{})); err != nil {
		t.Errorf("%v in %s", err, plot)
	}
	if n := strings.Count(string(plot), `height="14"`); n != len(figures) {
		t.Errorf("%d bars", n)
	}
}

func TestABusyServerIsLeftAloneForAsLongAsItSays(t *testing.T) {
	for head, want := range map[string]time.Duration{
		"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n\r\n": 7 * time.Second,
		"HTTP/1.1 503 Service Unavailable\r\n\r\n":                   time.Second,
	} {
		if got := retryAfter([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}
