package directory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

func (w *world) enter(who access.Principal, id profile.ID, p directory.MemberProof) (directory.Entry, error) {
	return w.demo.EnterMember(w.t.Context(), who, caseys, id.String(), p)
}

// decide changes the policy of the demo site, as its owner does.
func (w *world) decide(change func(*directory.HouseholdPolicy)) {
	w.t.Helper()
	system := w.store.System()
	infos, err := system.Sites(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	policy := w.demo.Policy()
	change(&policy.Household)
	if infos[0].Policy, err = json.Marshal(policy); err != nil {
		w.t.Fatal(err)
	}
	if _, err := system.SaveSite(w.t.Context(), infos[0].ID, func(is *store.SiteInfo) error { *is = infos[0]; return nil }); err != nil {
		w.t.Fatal(err)
	}
	w.clock.add(2 * time.Second)
	if _, err := w.dir.SiteNamed(w.t.Context(), infos[0].Name); err != nil {
		w.t.Fatal(err)
	}
}

func TestASessionThatEndedMeanwhileEntersNoProfile(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	robin := w.household(casey, caseys)[1]
	byKey := access.Principal{Subject: casey.Subject}
	_, err := w.enter(byKey, robin.ID, directory.MemberProof{})
	wantCode(t, err, profile.CodeForbidden)
	in, err := w.enter(casey, robin.ID, directory.MemberProof{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.demo.Logout(t.Context(), casey); err != nil {
		t.Fatal(err)
	}
	_, err = w.enter(casey, robin.ID, directory.MemberProof{})
	wantCode(t, err, profile.CodeBadToken)
	if got := w.who(in.SignIn); got.Restriction.Profile != robin.ID || got.Restriction.Kind != "" {
		t.Errorf("the profile's own session acts as %+v", got)
	}
	events := w.events(robin.ID)
	if last := events[len(events)-1]; last.Kind != "household.entered" || last.Actor != casey.Subject {
		t.Errorf("the last event is %+v", last)
	}
}

func TestTokensOfProfilesHaveAQuota(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	robin := w.household(casey, caseys)[1]
	for n := range 61 {
		_, err := w.enter(casey, robin.ID, directory.MemberProof{})
		if (err != nil) != (n == 60) || err != nil && (!profile.IsCode(err, profile.CodeQuota) || profile.AsError(err).Retry != 60) {
			t.Fatalf("%d: %v", n, err)
		}
	}
}

func TestPINsAreKeptSealedAndGoWithWhatTheyAreOf(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	casey := w.as("casey")
	if err := w.demo.SetPIN(ctx, casey, caseys, "4711", directory.MemberProof{Password: "yoyo"}); err != nil {
		t.Fatal(err)
	}
	mum := w.member(casey, caseys, directory.MemberEdit{Name: new("Mum"), PIN: new("0815")})
	kept := func() (out []*store.Secret) {
		t.Helper()
		err := w.store.Site(1).View(ctx, func(r store.Reader) (err error) {
			out, err = r.Secrets(casey.Subject, "pin")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := kept(); len(got) != 2 {
		t.Fatalf("%d PINs", len(got))
	}
	for _, s := range kept() {
		if text := string(s.Data); strings.Contains(text, "4711") || strings.Contains(text, "0815") || strings.Contains(text, "argon2") {
			t.Errorf("%q tells it", text)
		}
	}
	for _, rec := range w.owned(casey.Subject, profile.Household) {
		if strings.Contains(string(rec.Attrs), "0815") {
			t.Errorf("%s", rec.Attrs)
		}
	}
	if err := w.demo.RemoveMember(ctx, casey, caseys, mum.ID.String(), nil); err != nil {
		t.Fatal(err)
	}
	if got := kept(); len(got) != 1 || got[0].Key != "" {
		t.Errorf("%d PINs are left", len(got))
	}
	wantCode(t, w.demo.CheckPIN(ctx, casey, caseys, "", "0000"), profile.CodePIN)
	if err := w.demo.EraseProfile(ctx, casey, "casey"); err != nil {
		t.Fatal(err)
	}
	err := w.store.Site(1).View(ctx, func(r store.Reader) error {
		a, err := r.Attempts(casey.Subject, "pin")
		if a.Count != 0 {
			t.Errorf("tries are left: %+v", a)
		}
		return err
	})
	if got := kept(); err != nil || len(got) != 0 {
		t.Errorf("%d PINs are left, %v", len(got), err)
	}
}

func TestAnAccountWithoutAPasswordChoosesItsFirstPINOnce(t *testing.T) {
	w := newWorld(t)
	e, err := w.demo.CreateEntity(t.Context(), w.owner(), "user", []byte(`{"givenName":"Ann"}`))
	if err != nil {
		t.Fatal(err)
	}
	ann := access.Principal{Subject: e.ID, Session: profile.ID{1}}
	var wg sync.WaitGroup
	var chosen atomic.Int64
	for n := range 8 {
		wg.Go(func() {
			err := w.demo.SetPIN(context.Background(), ann, e.ID.String(), fmt.Sprint(1000+n), directory.MemberProof{})
			if err == nil {
				chosen.Add(1)
			} else if !profile.IsCode(err, profile.CodeProofRequired) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if chosen.Load() != 1 {
		t.Errorf("%d PINs were the first", chosen.Load())
	}
	if err := w.demo.SetPIN(t.Context(), w.as("donny"), e.ID.String(), "", directory.MemberProof{}); err != nil { // an operator, for who forgot it
		t.Error(err)
	}
}

func TestTheSitesOwnerDecidesAboutHouseholds(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	w.decide(func(p *directory.HouseholdPolicy) {
		p.Profiles, p.ChildAgeLimit, p.DefaultPIN = 3, new(9), ""
	})
	kim := w.member(casey, caseys, directory.MemberEdit{Name: new("Kim"), Child: new(true)})
	if *kim.AgeLimit != 9 {
		t.Errorf("a child's age limit is %d", *kim.AgeLimit)
	}
	_, err := w.demo.AddMember(t.Context(), casey, caseys, directory.MemberEdit{Name: new("Bo")})
	if !profile.IsCode(err, profile.CodeMemberLimit) || profile.AsError(err).Detail["limit"] != 3 {
		t.Errorf("%v", err)
	}
	wantCode(t, w.demo.SetPIN(t.Context(), casey, caseys, "4711", directory.MemberProof{PIN: "0000"}), profile.CodePINUnset)
	w.decide(func(p *directory.HouseholdPolicy) { p.ChildAgeLimit, p.Profiles = new(30), -1 }) // nonsense is the default
	if got := w.member(casey, caseys, directory.MemberEdit{Name: new("Bo"), Child: new(true)}); *got.AgeLimit != 12 || w.demo.MaxMembers() != 10 {
		t.Errorf("a child's age limit is %d, profiles %d", *got.AgeLimit, w.demo.MaxMembers())
	}
}

func TestAllDocumentsOfAProfileGoWithIt(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	robin := w.household(casey, caseys)[1]
	for n := range 40 {
		id := profile.NewIDIn(w.clock.Now(), robin.ID.Bucket())
		err := w.store.Site(1).Update(t.Context(), func(tx store.Tx) error {
			number, err := tx.Numbers(1)
			if err != nil {
				return err
			}
			return tx.Create(&store.Record{
				ID: id, Bucket: id.Bucket(), Type: profile.Document, Number: number, Owner: robin.ID, Attrs: []byte(`{}`), Extras: []byte(`{}`),
				State: profile.Active, Version: 1, Created: w.clock.Now(), Updated: w.clock.Now(),
				Names: []profile.Name{{Space: profile.DocumentApp, Value: fmt.Sprint(n), Owned: true}},
			}, store.Event{At: w.clock.Now(), Subject: id, Kind: "document.created"})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.demo.RemoveMember(t.Context(), casey, caseys, robin.ID.String(), nil); err != nil {
		t.Fatal(err)
	}
	if left := w.owned(robin.ID, profile.Document); len(left) > 0 {
		t.Errorf("%d documents are left", len(left))
	}
}

// session is one that the property test follows.
type session struct {
	in      directory.SignIn
	profile profile.ID // zero: the default one
	child   bool       // it began as a child's
}

// Whatever happens to profiles, each session may do what the profile that it
// acts as may do now, and no more.
func TestASessionMayDoWhatItsProfileMayDoNow(t *testing.T) {
	fewer(t, 16)
	w := newWorld(t)
	ctx := t.Context()
	parent := w.who(w.login("casey", "yoyo", directory.Refreshed))
	rapid.Check(t, func(rt *rapid.T) {
		var sessions []*session
		var ids []profile.ID
		children := map[profile.ID]bool{} // the profiles that there are, and whether each is a child's
		for n := range 3 {
			m := w.member(parent, caseys, directory.MemberEdit{Name: new(fmt.Sprint("Kid ", n)), Child: new(n > 0)})
			children[m.ID] = n > 0
			ids = append(ids, m.ID)
		}
		check := func() {
			for _, x := range sessions {
				child, there := children[x.profile]
				who, err := w.demo.Authenticate(ctx, x.in.Token)
				switch {
				case there && (err != nil || (who.Restriction.Kind == access.ChildProfile) != child || who.Restriction.Profile != x.profile):
					rt.Fatalf("acts as %+v, %v; a child's: %t", who, err, child)
				case there && (access.Admit(access.HouseholdWrite, who) == nil) == child:
					rt.Fatalf("a child's: %t, and writes", child)
				case !there && x.profile.IsZero() && (err != nil || who.Restriction.Kind != "" || err == nil && !who.Restriction.Profile.IsZero()):
					rt.Fatalf("the default profile's acts as %+v, %v", who, err)
				case !there && !x.profile.IsZero() && err == nil:
					rt.Fatal("a session of a profile that is gone acts")
				}
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"enter": func(rt *rapid.T) {
				id := rapid.SampledFrom(ids).Draw(rt, "profile")
				child, there := children[id]
				in, err := w.enter(parent, id, directory.MemberProof{})
				if (err == nil) != there && !profile.IsCode(err, profile.CodeQuota) {
					rt.Fatal(err)
				}
				if err == nil {
					sessions = append(sessions, &session{in.SignIn, id, child})
				}
			},
			"grow or shrink": func(rt *rapid.T) {
				id := rapid.SampledFrom(ids).Draw(rt, "profile")
				child, there := children[id]
				_, err := w.demo.EditMember(ctx, parent, caseys, id.String(), directory.MemberEdit{Child: new(!child), Proof: directory.MemberProof{Password: "yoyo"}})
				if (err == nil) != there {
					rt.Fatal(err)
				}
				if there {
					children[id] = !child
				}
			},
			"delete": func(rt *rapid.T) {
				id := rapid.SampledFrom(ids).Draw(rt, "profile")
				child, there := children[id]
				if err := w.demo.RemoveMember(ctx, parent, caseys, id.String(), nil); (err == nil) != there {
					rt.Fatal(err)
				}
				delete(children, id)
				for _, x := range sessions {
					x.child = x.child || there && x.profile == id && child
				}
			},
			"refresh": func(rt *rapid.T) {
				if len(sessions) == 0 {
					return
				}
				x := rapid.SampledFrom(sessions).Draw(rt, "session")
				_, there := children[x.profile]
				in, err := w.demo.Refresh(ctx, x.in.Refresh)
				ends := !there && x.child && !x.profile.IsZero()
				if (err != nil) != ends {
					rt.Fatalf("%v; it ends: %t", err, ends)
				}
				if err == nil {
					x.in = in
					if !there {
						x.profile = profile.ID{}
					}
				}
			},
			"": func(*rapid.T) { check() },
		})
		for id := range children {
			if err := w.demo.RemoveMember(ctx, parent, caseys, id.String(), nil); err != nil {
				rt.Fatal(err)
			}
		}
		w.clock.add(time.Minute) // for the quota
		parent = w.who(w.login("casey", "yoyo", directory.Refreshed))
	})
}

func TestASessionThatIsNotRenewedBeginsNoneThatIs(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	if err := w.demo.DisableRefresh(t.Context(), casey); err != nil {
		t.Fatal(err)
	}
	in, err := w.enter(casey, w.household(casey, caseys)[1].ID, directory.MemberProof{})
	if err != nil {
		t.Fatal(err)
	}
	if in.Refresh != "" {
		t.Error("the profile's session has a refresh token")
	}
	_, err = w.demo.Exchange(t.Context(), w.who(in.SignIn), in.Token)
	wantCode(t, err, profile.CodeRefreshOff)
	w.clock.add(61 * time.Minute)
	_, err = w.demo.Authenticate(t.Context(), in.Token)
	wantCode(t, err, profile.CodeExpiredToken)
}

func TestWhatIsKeptOfARequestTellsNoPIN(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	name, pin := "Kim", "4711"
	again := directory.Repeat{Key: "k", Request: "a digest that ten thousand tries find"}
	add := func() directory.Member {
		m, err := w.demo.AddMember(t.Context(), casey, caseys, directory.MemberEdit{Name: &name, PIN: &pin, Repeat: again})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if first, second := add(), add(); first.ID != second.ID {
		t.Error("a repeat made another profile")
	}
	err := w.store.Site(1).View(t.Context(), func(r store.Reader) error {
		a, err := r.Answer(casey.Subject, "k")
		if err == nil && a.Request == again.Request {
			t.Error("the digest is kept as it is")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
