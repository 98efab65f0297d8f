package directory_test

import (
	"sync"
	"testing"

	"facet/internal/directory"
	"facet/internal/profile"
)

func TestACommunityKeepsExactlyOneOwnerWhateverHappensAtOnce(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	alice, xia, donny := w.as("alice"), w.as("xia"), w.as("donny")
	if _, err := w.demo.CreateCommunity(ctx, alice, directory.NewCommunity{IDTag: tag("devs"), Hosted: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.demo.Relate(ctx, xia, "", tag("devs"), directory.Connect); err != nil {
		t.Fatal(err)
	}
	if _, err := w.demo.EditCommunityMember(ctx, alice, "devs", tag("xia"), directory.CommunityEdit{Roles: []string{"leader"}}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for _, do := range []func() error{
		func() error { return w.demo.EraseProfile(ctx, alice, "alice") },
		func() error {
			_, err := w.demo.Relate(ctx, xia, "", tag("devs"), directory.Disconnect)
			return err
		},
		func() error {
			_, err := w.demo.EditCommunityMember(ctx, donny, "devs", tag("xia"), directory.CommunityEdit{Owner: true})
			return err
		},
	} {
		all.Go(func() {
			if err := do(); err != nil && profile.AsError(err).Kind == profile.Internal {
				t.Error(err)
			}
		})
	}
	all.Wait()
	leads, err := w.demo.Identity(ctx, donny, "devs", tag("xia"))
	if err != nil {
		t.Fatal(err)
	}
	name := "Ours"
	_, err = w.demo.EditMe(ctx, donny, "devs", directory.Edit{FullName: &name}) // who operates the site runs what is the site's
	if leads.Owner == (err == nil) || leads.Owner && leads.Rank != directory.RankLeader {
		t.Errorf("xia owns it: %t, as %s; the site does: %v", leads.Owner, leads.Rank, err)
	}
}
