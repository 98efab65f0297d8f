package store_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/profile"
	"facet/internal/store"
)

func TestAPositionIsReadBackFromItsText(t *testing.T) {
	number := rapid.Int64Range(0, 1<<62)
	rapid.Check(t, func(t *rapid.T) {
		p := store.Position{Epoch: number.Draw(t, "epoch"), Tx: number.Draw(t, "tx"), Seq: number.Draw(t, "seq")}
		got, err := store.ParsePosition(p.String())
		if err != nil || got != p {
			t.Fatalf("%q: %v %v, want %v", p, got, err, p)
		}
	})
}

func TestPositionsAreOrderedByEpochTransactionAndNumber(t *testing.T) {
	in := []store.Position{{}, {1, 1, 1}, {1, 1, 2}, {1, 2, 1}, {2, 1, 1}}
	for i, p := range in {
		for j, q := range in {
			if got, want := p.Compare(q), min(1, max(-1, i-j)); got != want {
				t.Errorf("%v and %v: %d, want %d", p, q, got, want)
			}
		}
	}
	if !slices.IsSortedFunc(in, store.Position.Compare) {
		t.Error("not sorted")
	}
}

func FuzzParsePosition(f *testing.F) {
	for _, text := range []string{"", "0", "AQEB", "AQEBAQ", "gAEBAQ", "////", "AQE=", store.Position{Epoch: 1, Tx: 300, Seq: 7}.String()} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := store.ParsePosition(text)
		if err != nil {
			if !profile.IsKind(err, profile.Malformed) {
				t.Fatal(err)
			}
			return
		}
		if p.String() != text {
			t.Fatalf("%q and %q are one position", text, p)
		}
	})
}
