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

// sides is what two people have said of each other, told without the table.
type sides struct{ follow, ask, block, mute, hide map[int]bool } // by who says it

// move is what a move of i towards j has to do; ok is false where it is refused.
func (s *sides) move(i, j int, trust map[int]directory.Trust, move directory.Move) (kind profile.Kind, ok bool) {
	if s.block[j] {
		return profile.NotFound, false
	}
	switch move {
	case directory.Follow, directory.Connect, directory.Mute, directory.Confide:
		if s.block[i] {
			return profile.Conflict, false
		}
	case directory.Accept:
		if !s.ask[j] {
			return profile.Conflict, false
		}
	case directory.Reject:
		if s.ask[i] {
			return profile.Conflict, false
		}
	}
	switch move {
	case directory.Follow:
		s.follow[i] = true
	case directory.Unfollow:
		s.follow[i] = false
	case directory.Connect, directory.Accept:
		s.follow[i], s.ask[i] = true, true
	case directory.Reject:
		s.ask[j] = false
	case directory.Disconnect:
		s.ask[i], s.ask[j] = false, false
	case directory.Block:
		s.follow[i], s.follow[j], s.ask[i], s.ask[j], s.mute[i], s.block[i] = false, false, false, false, false, true
		if trust[i] == directory.TrustAlways {
			trust[i] = ""
		}
	case directory.Unblock:
		s.block[i] = false
	case directory.Mute:
		s.mute[i] = true
	case directory.Unmute:
		s.mute[i] = false
	case directory.Hide:
		s.hide[i] = true
	case directory.Unhide:
		s.hide[i] = false
	case directory.Confide:
		trust[i] = directory.TrustAlways
	case directory.Distrust:
		trust[i] = directory.TrustNever
	case directory.Untrust:
		trust[i] = ""
	}
	return 0, true
}

func newSides() sides {
	return sides{map[int]bool{}, map[int]bool{}, map[int]bool{}, map[int]bool{}, map[int]bool{}}
}

func TestEachMoveDoesWhatItSaysInEveryState(t *testing.T) {
	fewer(t, 100)
	w := newWorld(t)
	who := []access.Principal{w.as("alice"), w.as("xia")}
	tags := []string{tag("alice"), tag("xia")}
	model, trust := newSides(), map[int]directory.Trust{}
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 30).Draw(t, "moves") {
			i := rapid.IntRange(0, 1).Draw(t, "who")
			j := 1 - i
			move := rapid.SampledFrom(directory.Moves).Draw(t, "move")
			kind, ok := model.move(i, j, trust, move)
			p, err := w.demo.Relate(context.Background(), who[i], "", tags[j], move)
			if !ok {
				if !profile.IsKind(err, kind) {
					t.Fatalf("%s: %v, want kind %d", move, err, kind)
				}
				continue
			}
			want := directory.Relationship{
				Following: model.follow[i], Follower: model.follow[j],
				Connected: model.ask[i] && model.ask[j], Pending: model.ask[i] && !model.ask[j], Asked: model.ask[j] && !model.ask[i],
				Blocked: model.block[i], Muted: model.mute[i], Hidden: model.hide[i], Trust: trust[i],
			}
			if err != nil || p.Relationship != want || !p.Related {
				t.Fatalf("after %s: %+v, want %+v, %v", move, p.Relationship, want, err)
			}
		}
	})
}

// Several people move at once, each towards each, in no order.
func TestMovesOfAllSidesAtOnceStayLegalSymmetricAndCounted(t *testing.T) {
	fewer(t, 30)
	w := newWorld(t)
	who := []access.Principal{w.as("alice"), w.as("xia"), w.as("casey")}
	tags := []string{tag("alice"), tag("xia"), tag("casey")}
	type one struct {
		i, j int
		move directory.Move
	}
	rapid.Check(t, func(t *rapid.T) {
		var runs [4][]one
		for r := range runs {
			for range rapid.IntRange(1, 6).Draw(t, "moves") {
				i := rapid.IntRange(0, 2).Draw(t, "who")
				j := (i + rapid.IntRange(1, 2).Draw(t, "whom")) % 3
				runs[r] = append(runs[r], one{i, j, rapid.SampledFrom(directory.Moves).Draw(t, "move")})
			}
		}
		var wg sync.WaitGroup
		failed := make(chan error, 100)
		for _, run := range runs {
			wg.Go(func() {
				for _, m := range run {
					_, err := w.demo.Relate(context.Background(), who[m.i], "", tags[m.j], m.move)
					if err != nil && !profile.IsKind(err, profile.NotFound) && !profile.IsKind(err, profile.Conflict) {
						failed <- fmt.Errorf("%s: %w", m.move, err)
					}
				}
			})
		}
		wg.Wait()
		select {
		case err := <-failed:
			t.Fatal(err)
		default:
		}
		for i := range who {
			for j := range who {
				if i != j {
					w.legal(t, who[i], who[j], tags[i], tags[j])
				}
			}
			w.counted(t, who[i])
		}
	})
}

// legal holds what two see of each other against each other.
func (w *world) legal(t rapid.TB, a, b access.Principal, tagA, tagB string) {
	t.Helper()
	ab, errA := w.demo.Identity(context.Background(), a, "", tagB)
	ba, errB := w.demo.Identity(context.Background(), b, "", tagA)
	if errA == nil && ab.Blocked {
		if !profile.IsKind(errB, profile.NotFound) {
			t.Fatalf("who is blocked sees: %v", errB)
		}
		if ab.Following || ab.Follower || ab.Connected || ab.Pending || ab.Asked || ab.Muted || ab.Trust == directory.TrustAlways {
			t.Fatalf("blocked, and %+v", ab.Relationship)
		}
	}
	if errA == nil && (ab.Connected && (ab.Pending || ab.Asked) || ab.Pending && ab.Asked) {
		t.Fatalf("in two states at once: %+v", ab.Relationship)
	}
	if errA != nil || errB != nil {
		return
	}
	if ab.Connected != ba.Connected || ab.Pending != ba.Asked || ab.Asked != ba.Pending || ab.Following != ba.Follower || ab.Follower != ba.Following {
		t.Fatalf("%+v, and %+v from the other side", ab.Relationship, ba.Relationship)
	}
}

// counted holds the numbers that somebody is shown against what lists have.
func (w *world) counted(t rapid.TB, who access.Principal) {
	t.Helper()
	me, err := w.demo.FullMe(context.Background(), who, "")
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	for name, c := range map[string]struct {
		got  directory.Total
		list directory.IdentityQuery
	}{
		"followers": {me.Counts.Followers, directory.IdentityQuery{Follower: &yes}},
		"following": {me.Counts.Following, directory.IdentityQuery{Following: &yes}},
		"connected": {me.Counts.Connected, directory.IdentityQuery{Connected: []string{"connected"}}},
		"pending":   {me.Counts.Pending, directory.IdentityQuery{Connected: []string{"pending"}}},
		"asked":     {me.Counts.Asked, directory.IdentityQuery{Connected: []string{"asked"}}},
		"blocked":   {me.Counts.Blocked, directory.IdentityQuery{Status: []string{"blocked"}}},
	} {
		c.list.Limit = 100
		byTime, _, _, err := w.demo.Identities(context.Background(), who, "", c.list)
		if err != nil {
			t.Fatal(err)
		}
		c.list.ByName = true
		byName, _, _, err := w.demo.Identities(context.Background(), who, "", c.list)
		if err != nil || len(byTime) != len(byName) || c.got != (directory.Total{Count: int64(len(byTime))}) {
			t.Fatalf("%s: %+v counted, %d listed by time, %d by name, %v", name, c.got, len(byTime), len(byName), err)
		}
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
				_, err := w.demo.Relate(t.Context(), who, "", whom, move)
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
			_, errA := w.demo.Relate(t.Context(), alice, "", tag("xia"), move)
			_, errB := w.demo.Relate(t.Context(), xia, "", tag("alice"), move)
			_, errC := w.demo.Relate(t.Context(), alice, "", tag("xia"), move)
			if err := errors.Join(errC, errB); err != nil && move != directory.Unblock || errA != nil && errC != nil {
				t.Fatal(move, errA, errB, errC)
			}
		}
	}
}

func TestWhoIsBlockedFindsNobody(t *testing.T) {
	w := newWorld(t)
	alice, xia := w.as("alice"), w.as("xia")
	if _, err := w.demo.Relate(t.Context(), alice, "", tag("xia"), directory.Block); err != nil {
		t.Fatal(err)
	}
	_, err := w.demo.Identity(t.Context(), xia, "", tag("alice"))
	wantCode(t, err, profile.CodeNotFound)
	_, err = w.demo.Relate(t.Context(), xia, "", tag("alice"), directory.Follow)
	wantCode(t, err, profile.CodeNotFound)
	for _, q := range []directory.IdentityQuery{{Term: "alice"}, {IDTag: tag("alice")}, {Status: []string{"active", "blocked"}, Term: "alice"}} {
		q.Limit = 10
		if found, _, _, err := w.demo.Identities(t.Context(), xia, "", q); err != nil || len(found) != 0 {
			t.Errorf("%+v: %d found, %v", q, len(found), err)
		}
	}
	_, err = w.demo.Relate(t.Context(), alice, "", tag("xia"), directory.Follow)
	if !profile.IsKind(err, profile.Conflict) {
		t.Errorf("following whom one blocks: %v", err)
	}
	_, err = w.demo.Relate(t.Context(), alice, "", tag("alice"), directory.Follow)
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
		found, _, _, err := w.demo.Identities(t.Context(), xia, "", directory.IdentityQuery{Term: term, Limit: 100})
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
	all, _, more, err := w.demo.Identities(t.Context(), alice, "", directory.IdentityQuery{Limit: 100})
	if err != nil || more || len(all) != 13 {
		t.Fatal(len(all), more, err)
	}
	for limit := 1; limit <= 14; limit++ {
		q := directory.IdentityQuery{Limit: limit}
		var got []directory.Identity
		for more := true; more; {
			var page []directory.Identity
			page, q.After, more, err = w.demo.Identities(t.Context(), alice, "", q)
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
