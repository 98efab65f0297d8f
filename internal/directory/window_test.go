package directory

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"facet/internal/profile"
	"facet/internal/store"
)

// numbersTo is the list of the even ones among the numbers 1 to n.
func numbersTo(n int) *sequence[int, int] {
	return &sequence[int, int]{
		read: func(after int, up bool, limit int) (out []int, err error) {
			if up && after == 0 {
				after = n + 1
			}
			for i := range limit {
				next := after + 1 + i
				if up {
					next = after - 1 - i
				}
				if next < 1 || next > n {
					break
				}
				out = append(out, next)
			}
			return out, nil
		},
		keep:  func(i int) (bool, error) { return i%2 == 0, nil },
		mark:  func(i int) int { return i },
		print: strconv.Itoa,
		parse: strconv.Atoi,
	}
}

func TestWindowsFollowOneAnotherInBothDirections(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{0, 1, 2, 3, 10, 11, 2100}).Draw(t, "n")
		size := rapid.IntRange(1, 9).Draw(t, "size")
		list := numbersTo(n)
		var all []int
		for i := 2; i <= n; i += 2 {
			all = append(all, i)
		}
		read := func(w Window) Part[int] {
			w.Max = size
			part, err := list.window(w)
			if err != nil {
				t.Fatal(err)
			}
			return part
		}
		var down, up []int
		for part, i := read(Window{}), 0; ; i++ {
			down = append(down, part.Items...)
			if skipped := read(Window{Skip: i * size}); !slices.Equal(skipped.Items, part.Items) || skipped.Next != part.Next || skipped.Previous != part.Previous {
				t.Fatalf("page %d: %v followed, %v skipped to", i, part, skipped)
			}
			if (part.Previous == "") != (i == 0) {
				t.Fatalf("page %d: previous %q", i, part.Previous)
			}
			if part.Next == "" {
				break
			}
			part = read(Window{After: part.Next})
		}
		for part, last := read(Window{Last: true}), true; ; last = false {
			up = append(slices.Clone(part.Items), up...)
			if (part.Next == "") != last {
				t.Fatalf("next %q", part.Next)
			}
			if part.Previous == "" {
				break
			}
			part = read(Window{Before: part.Previous})
		}
		if !slices.Equal(down, all) || !slices.Equal(up, all) {
			t.Fatalf("down %v, up %v", down, up)
		}
		if beyond := read(Window{Skip: len(all) + 1}); len(beyond.Items) > 0 || beyond.Next+beyond.Previous != "" {
			t.Fatalf("beyond the end: %v", beyond)
		}
	})
}

func TestTheLastWindowIsAsLongAsTheLastPage(t *testing.T) {
	for _, c := range []struct {
		count int64
		want  int
	}{{0, 4}, {1, 1}, {4, 4}, {6, 2}, {countLimit, 4}, {countLimit + 1, 4}} {
		if got := (Window{Last: true, Max: 4}).fit(totalOf(c.count)).Max; got != c.want {
			t.Errorf("of %d: %d, want %d", c.count, got, c.want)
		}
	}
	if got := (Window{Max: 4}).fit(totalOf(5)).Max; got != 4 {
		t.Errorf("not the last: %d", got)
	}
	if got, want := fmt.Sprint(totalOf(countLimit), totalOf(countLimit+1)), "{10000 false} {10000 true}"; got != want {
		t.Errorf("totals %s, want %s", got, want)
	}
}

func TestPlacesOfLinksAreReadAsWritten(t *testing.T) {
	list := linkSequence(nil, store.LinkQuery{}, nil, nil)
	rapid.Check(t, func(t *rapid.T) {
		m := store.LinkMark{
			Created: time.UnixMicro(rapid.Int64().Draw(t, "created")).UTC(), Other: profile.NewID(time.Now()),
			Key: rapid.StringMatching(`[a-z0-9.é]*`).Draw(t, "key"),
		}
		if got, err := list.parse(list.print(m)); err != nil || got != m {
			t.Fatalf("%v, %v, want %v", got, err, m)
		}
	})
}

func FuzzPlaces(f *testing.F) {
	list := linkSequence(nil, store.LinkQuery{}, nil, nil)
	f.Add(list.print(store.LinkMark{Created: time.Unix(1, 0), Key: "7"}))
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, place string) {
		m, err := list.parse(place)
		if err != nil {
			if !profile.IsKind(err, profile.NotFound) || profile.AsError(err).Field != "page" {
				t.Errorf("%q: %v", place, err)
			}
			return
		}
		if again, err := list.parse(list.print(m)); err != nil || again != m {
			t.Errorf("%q: %v, then %v, %v", place, m, again, err)
		}
	})
}
