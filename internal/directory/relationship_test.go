package directory_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
)

// Every pair of persons is in one of few states, whatever they do.
func TestRelationshipsStayLegal(t *testing.T) {
	fewer(t, 100)
	w := newWorld(t)
	who := []access.Principal{w.as("alice"), w.as("xia"), w.as("casey")}
	tags := []string{tag("alice"), tag("xia"), tag("casey")}
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 12).Draw(t, "moves") {
			i := rapid.IntRange(0, 2).Draw(t, "who")
			j := (i + rapid.IntRange(1, 2).Draw(t, "whom")) % 3
			move := rapid.SampledFrom(directory.Moves).Draw(t, "move")
			p, err := w.demo.Relate(context.Background(), who[i], tags[j], move)
			switch {
			case profile.IsKind(err, profile.NotFound), profile.IsKind(err, profile.Conflict):
			case err != nil:
				t.Fatal(err)
			default:
				wantMove(t, &p, move)
			}
		}
		for i := range who {
			for j := range who {
				if i != j {
					w.legal(t, who[i], who[j], tags[i], tags[j])
				}
			}
		}
	})
}

// wantMove checks what a move is for.
func wantMove(t rapid.TB, p *directory.Identity, move directory.Move) {
	t.Helper()
	ok := map[directory.Move]bool{
		directory.Follow: p.Following, directory.Unfollow: !p.Following,
		directory.Connect: (p.Connected || p.Pending) && p.Following, directory.Disconnect: !p.Connected && !p.Pending && !p.Asked,
		directory.Block: p.Blocked, directory.Unblock: !p.Blocked, directory.Mute: p.Muted, directory.Unmute: !p.Muted,
	}[move]
	if !ok {
		t.Fatalf("after %s: %+v", move, p.Relationship)
	}
}

func (w *world) legal(t rapid.TB, a, b access.Principal, tagA, tagB string) {
	t.Helper()
	ab, errA := w.demo.Identity(context.Background(), a, tagB)
	ba, errB := w.demo.Identity(context.Background(), b, tagA)
	if errA == nil && ab.Blocked {
		if !profile.IsKind(errB, profile.NotFound) {
			t.Fatalf("who is blocked sees: %v", errB)
		}
		if ab.Following || ab.Follower || ab.Connected || ab.Pending || ab.Asked {
			t.Fatalf("blocked, and %+v", ab.Relationship)
		}
	}
	if errA != nil || errB != nil {
		return
	}
	if ab.Connected != ba.Connected || ab.Pending != ba.Asked || ab.Asked != ba.Pending || ab.Following != ba.Follower || ab.Follower != ba.Following {
		t.Fatalf("%+v, and %+v from the other side", ab.Relationship, ba.Relationship)
	}
}

func TestMovesFromBothSidesAtOnceEndInOneLegalState(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	for _, pair := range [][2]directory.Move{
		{directory.Connect, directory.Connect}, {directory.Connect, directory.Block}, {directory.Follow, directory.Block},
		{directory.Block, directory.Block}, {directory.Connect, directory.Disconnect}, {directory.Block, directory.Unblock},
	} {
		for range 5 {
			var wg sync.WaitGroup
			relate := func(who access.Principal, whom string, move directory.Move) {
				_, err := w.demo.Relate(t.Context(), who, whom, move)
				if err != nil && !profile.IsKind(err, profile.NotFound) && !profile.IsKind(err, profile.Conflict) {
					t.Error(err)
				}
			}
			wg.Go(func() { relate(alice, tag("xia"), pair[0]) })
			wg.Go(func() { relate(xia, tag("alice"), pair[1]) })
			wg.Wait()
			w.legal(t, alice, xia, tag("alice"), tag("xia"))
			w.legal(t, xia, alice, tag("xia"), tag("alice"))
		}
		for _, move := range []directory.Move{directory.Unblock, directory.Disconnect, directory.Unfollow} {
			_, errA := w.demo.Relate(t.Context(), alice, tag("xia"), move)
			_, errB := w.demo.Relate(t.Context(), xia, tag("alice"), move)
			_, errC := w.demo.Relate(t.Context(), alice, tag("xia"), move)
			if err := errors.Join(errC, errB); err != nil && move != directory.Unblock || errA != nil && errC != nil {
				t.Fatal(move, errA, errB, errC)
			}
		}
	}
}

func TestWhoIsBlockedFindsNobody(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	if _, err := w.demo.Relate(t.Context(), alice, tag("xia"), directory.Block); err != nil {
		t.Fatal(err)
	}
	_, err := w.demo.Identity(t.Context(), xia, tag("alice"))
	wantCode(t, err, profile.CodeNotFound)
	_, err = w.demo.Relate(t.Context(), xia, tag("alice"), directory.Follow)
	wantCode(t, err, profile.CodeNotFound)
	for _, q := range []directory.IdentityQuery{{Term: "alice"}, {IDTag: tag("alice")}, {Status: []string{"active", "blocked"}, Term: "alice"}} {
		q.Limit = 10
		if found, _, _, err := w.demo.Identities(t.Context(), xia, q); err != nil || len(found) != 0 {
			t.Errorf("%+v: %d found, %v", q, len(found), err)
		}
	}
	_, err = w.demo.Relate(t.Context(), alice, tag("xia"), directory.Follow)
	if !profile.IsKind(err, profile.Conflict) {
		t.Errorf("following whom one blocks: %v", err)
	}
	_, err = w.demo.Relate(t.Context(), alice, tag("alice"), directory.Follow)
	if !profile.IsKind(err, profile.Invalid) {
		t.Errorf("following oneself: %v", err)
	}
}

func TestNoEMailAndNoPhoneIsFoundOutByASearch(t *testing.T) {
	w := newWorld(t)
	if _, err := w.demo.Register(t.Context(), directory.NewAccount{
		Kind: directory.AccountPersonal, Username: "quiet", Email: "secret.person@hidden.example", Phone: "+14155550123", Password: "yoyo", FullName: "Quiet One",
	}, directory.Exchanged); err != nil {
		t.Fatal(err)
	}
	xia := w.as("xia")
	for term, want := range map[string]int{
		"secret": 0, "hidden": 0, "secret.person@hidden.example": 0, "415555": 0, "quiet": 1, "QUIET ONE": 1, "quiet@localhost": 1, "@": 7,
	} {
		found, _, _, err := w.demo.Identities(t.Context(), xia, directory.IdentityQuery{Term: term, Limit: 100})
		if err != nil || len(found) != want {
			t.Errorf("%q: %d found, want %d, %v", term, len(found), want, err)
		}
	}
}

func TestPagesOfProfilesAreCompleteAndInOrder(t *testing.T) {
	w := newWorld(t)
	alice := w.as("alice")
	for i := range 7 {
		if _, err := w.demo.CreateCommunity(t.Context(), alice, directory.NewCommunity{IDTag: fmt.Sprintf("club%d@example.com", i), Name: fmt.Sprint("Club ", i%2)}); err != nil {
			t.Fatal(err)
		}
	}
	all, _, more, err := w.demo.Identities(t.Context(), alice, directory.IdentityQuery{Limit: 100})
	if err != nil || more || len(all) != 13 {
		t.Fatal(len(all), more, err)
	}
	for limit := 1; limit <= 14; limit++ {
		q := directory.IdentityQuery{Limit: limit}
		var got []directory.Identity
		for more := true; more; {
			var page []directory.Identity
			page, q.After, more, err = w.demo.Identities(t.Context(), alice, q)
			if err != nil || len(page) > limit || more && len(page) != limit {
				t.Fatal(limit, len(page), more, err)
			}
			got = append(got, page...)
		}
		if len(got) != len(all) {
			t.Fatalf("pages of %d give %d", limit, len(got))
		}
		for i := range got {
			if got[i].ID != all[i].ID {
				t.Fatalf("pages of %d: %s at %d", limit, got[i].FullName(), i)
			}
		}
	}
}
