package store_test

import (
	"testing"

	"pgregory.net/rapid"

	"facet/internal/profile"
	"facet/internal/store"
)

func TestMarksAreReadAsTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := store.Mark{Epoch: rapid.Int64Range(1, 1<<62).Draw(t, "epoch"), At: rapid.Uint64().Draw(t, "at")}
		if got, err := store.ParseMark(m.String()); err != nil || got != m {
			t.Fatalf("%s is read as %v, %v", m, got, err)
		}
	})
}

func TestWhatIsNoMarkIsRefused(t *testing.T) {
	for _, text := range []string{"", "-", "1", "1-", "-1", "1--1", "0-1", "-1-1", "1-g", "1-0x1", "1-01", "01-1", "+1-1", "1-A", " 1-1", "1-1 ",
		"1-10000000000000000", "9223372036854775808-1", "1-1-1", "any"} {
		if m, err := store.ParseMark(text); !profile.IsKind(err, profile.Malformed) {
			t.Errorf("%q is read as %v, %v", text, m, err)
		}
	}
}

func FuzzParseMark(f *testing.F) {
	f.Add("1-16b3748")
	f.Fuzz(func(t *testing.T, text string) {
		if m, err := store.ParseMark(text); err == nil && m.String() != text {
			t.Errorf("%q is read as %s", text, m)
		}
	})
}

func TestWhatACallerHasSeenOnlyGrows(t *testing.T) {
	for _, c := range []struct {
		name              string
		least, note, want store.Mark
	}{
		{"later", store.Mark{Epoch: 1, At: 5}, store.Mark{Epoch: 1, At: 6}, store.Mark{Epoch: 1, At: 6}},
		{"earlier", store.Mark{Epoch: 1, At: 5}, store.Mark{Epoch: 1, At: 4}, store.Mark{Epoch: 1, At: 5}},
		{"the first", store.Mark{}, store.Mark{Epoch: 1, At: 4}, store.Mark{Epoch: 1, At: 4}},
		{"of a later epoch", store.Mark{Epoch: 1, At: 5}, store.Mark{Epoch: 2, At: 1}, store.Mark{Epoch: 2, At: 1}},
		{"of an earlier epoch, that the store is in", store.Mark{Epoch: 3, At: 5}, store.Mark{Epoch: 2, At: 1}, store.Mark{Epoch: 2, At: 1}},
		{"after what is unknown", store.Mark{Epoch: 1, At: store.Unknown}, store.Mark{Epoch: 1, At: 7}, store.Mark{Epoch: 1, At: 7}},
		{"unknown", store.Mark{Epoch: 1, At: 5}, store.Mark{Epoch: 1, At: store.Unknown}, store.Mark{Epoch: 1, At: store.Unknown}},
	} {
		r := store.NewRecency(c.least, true)
		if _, ok := r.Mark(); ok {
			t.Errorf("%s: there is a mark before any was noted", c.name)
		}
		r.Note(c.note)
		if got, ok := r.Mark(); !ok || got != c.want {
			t.Errorf("%s: %v (%t), want %v", c.name, got, ok, c.want)
		}
	}
	if _, ok := store.RecencyOf(t.Context()).Copies(); ok {
		t.Error("without a Recency replicas are read from")
	}
}
