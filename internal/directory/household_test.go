package directory_test

import (
	"context"
	"fmt"
	"slices"
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

// caseys is the account of the demo's household.
const caseys = "42"

func (w *world) household(who access.Principal, account string) []directory.Member {
	w.t.Helper()
	list, err := w.demo.Household(w.t.Context(), who, account)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *world) member(who access.Principal, account string, in directory.MemberEdit) directory.Member {
	w.t.Helper()
	m, err := w.demo.AddMember(w.t.Context(), who, account, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// wrongHousehold says what rule a household breaks, "" when it keeps them all.
func wrongHousehold(list []directory.Member) string {
	names := map[string]bool{}
	for i, m := range list {
		name := strings.Join(strings.Fields(profile.Fold(m.Name)), " ")
		switch {
		case m.Default != (i == 0):
			return fmt.Sprintf("profile %d: default is %t", i, m.Default)
		case names[name] || name == "":
			return fmt.Sprintf("two profiles, or one without, have the name %q", m.Name)
		case m.Child && (m.Default || m.AgeLimit == nil || *m.AgeLimit >= 18):
			return fmt.Sprintf("the child profile %+v", m)
		case m.AgeLimit != nil && (*m.AgeLimit < 0 || *m.AgeLimit > 21):
			return fmt.Sprintf("age limit %d", *m.AgeLimit)
		}
		names[name] = true
	}
	if len(list) == 0 || len(list) > 10 {
		return fmt.Sprintf("%d profiles", len(list))
	}
	return ""
}

func TestOneProfileIsTheDefaultAtEveryInstant(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	var members []directory.Member
	for n := range 6 {
		members = append(members, w.member(casey, caseys, directory.MemberEdit{Name: new(fmt.Sprint("Kid ", n))}))
	}
	var moves, readers sync.WaitGroup
	var done atomic.Bool
	reads := make([]int, 4)
	for i := range reads {
		readers.Go(func() {
			for !done.Load() || reads[i] == 0 {
				list, err := w.demo.Household(context.Background(), casey, caseys)
				if err != nil {
					t.Error(err)
					return
				}
				if why := wrongHousehold(list); why != "" {
					t.Error(why)
					return
				}
				reads[i]++
			}
		})
	}
	for n := range 64 {
		moves.Go(func() {
			m := members[n%len(members)]
			if n%8 == 7 { // one that may be the default meanwhile goes away
				err := w.demo.RemoveMember(context.Background(), casey, caseys, m.ID.String(), nil)
				if err != nil && !profile.IsCode(err, profile.CodeDefaultProtected) && !profile.IsKind(err, profile.NotFound) {
					t.Error(err)
				}
				return
			}
			_, err := w.demo.EditMember(context.Background(), casey, caseys, m.ID.String(), directory.MemberEdit{Default: new(true)})
			if err != nil && !profile.IsKind(err, profile.NotFound) {
				t.Error(err)
			}
		})
	}
	moves.Wait()
	done.Store(true)
	readers.Wait()
	if why := wrongHousehold(w.household(casey, caseys)); why != "" {
		t.Error(why)
	}
}

func TestOfNamesThatFoldAlikeOneIsMade(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	spellings := []string{"Straße 7", "STRASSE 7", " straße  7 ", "ｓｔｒａｓｓｅ ７", "Strasse\u00a07"}
	var wg sync.WaitGroup
	var made atomic.Int64
	for n := range 64 {
		wg.Go(func() {
			_, err := w.demo.AddMember(context.Background(), casey, caseys, directory.MemberEdit{Name: &spellings[n%len(spellings)]})
			switch {
			case err == nil:
				made.Add(1)
			case !profile.IsCode(err, profile.CodeMemberName) || profile.AsError(err).Field != "name":
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list := w.household(casey, caseys)
	if made.Load() != 1 || len(list) != 3 {
		t.Errorf("%d were made, %d are there", made.Load(), len(list))
	}
	// a rename meets the same rule, but for one's own name
	robin, own := list[1].ID.String(), list[2]
	_, err := w.demo.EditMember(t.Context(), casey, caseys, robin, directory.MemberEdit{Name: new("STRASSE 7")})
	wantCode(t, err, profile.CodeMemberName)
	renamed, err := w.demo.EditMember(t.Context(), casey, caseys, own.ID.String(), directory.MemberEdit{Name: new(" STRASSE  7")})
	if err != nil || renamed.Name != "STRASSE  7" || renamed.Version != own.Version+1 {
		t.Errorf("%+v, %v", renamed, err)
	}
	xia := w.as("xia") // the same name in another account is no matter
	w.member(xia, xia.Subject.String(), directory.MemberEdit{Name: new("Strasse 7")})
}

func TestNoMoreProfilesThanAllowedAtTheSameMoment(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			_, err := w.demo.AddMember(context.Background(), casey, caseys, directory.MemberEdit{Name: new(fmt.Sprint("Kid ", n)), Default: new(n%2 == 0)})
			if err != nil && (!profile.IsCode(err, profile.CodeMemberLimit) || profile.AsError(err).Detail["limit"] != 10) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list := w.household(casey, caseys)
	if why := wrongHousehold(list); why != "" || len(list) != 10 {
		t.Errorf("%d profiles: %s", len(list), why)
	}
	// one fewer makes room for one
	if err := w.demo.RemoveMember(t.Context(), casey, caseys, list[5].ID.String(), nil); err != nil {
		t.Fatal(err)
	}
	w.member(casey, caseys, directory.MemberEdit{Name: new("Last")})
}

func TestTheDefaultProfileIsNeitherDeletedNorAChilds(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	list := w.household(casey, caseys)
	main, robin := list[0].ID.String(), list[1].ID.String()
	for _, c := range []struct {
		what, id, field string
		in              directory.MemberEdit
		code            profile.Code
	}{
		{"the default gives the place up", main, "is_default", directory.MemberEdit{Default: new(false)}, profile.CodeDefaultRequired},
		{"the default becomes a child's", main, "is_child_profile", directory.MemberEdit{Child: new(true)}, profile.CodeDefaultChild},
		{"both", main, "is_default", directory.MemberEdit{Child: new(true), Default: new(false)}, profile.CodeDefaultRequired},
		{"a child's becomes the default", robin, "is_default", directory.MemberEdit{Child: new(true), Default: new(true)}, profile.CodeDefaultChild},
	} {
		_, err := w.demo.EditMember(t.Context(), casey, caseys, c.id, c.in)
		if !profile.IsCode(err, c.code) || profile.AsError(err).Field != c.field {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	_, err := w.demo.AddMember(t.Context(), casey, caseys, directory.MemberEdit{Name: new("Kim"), Child: new(true), Default: new(true)})
	wantCode(t, err, profile.CodeDefaultChild)
	wantCode(t, w.demo.RemoveMember(t.Context(), casey, caseys, main, nil), profile.CodeDefaultProtected)
	if got := w.household(casey, caseys); len(got) != 2 || got[0].ID != list[0].ID || got[0].Version != list[0].Version {
		t.Errorf("the household is %+v", got)
	}
}

func TestEveryAccountHasADefaultProfileFromItsCreation(t *testing.T) {
	register := func(in directory.NewAccount) func(*world) (directory.SignIn, error) {
		in.Email, in.Password = "new@example.com", "yoyo"
		return func(w *world) (directory.SignIn, error) {
			return w.demo.Register(w.t.Context(), in, directory.Exchanged)
		}
	}
	for _, c := range []struct {
		way, name string
		make      func(*world) (directory.SignIn, error)
	}{
		{"a user", "Joe", register(directory.NewAccount{FullName: "Joe Card1"})},
		{"a personal profile", "Joe", register(directory.NewAccount{FullName: " Joe  Card1", Kind: directory.AccountPersonal})},
		{"an organization", "Joe", register(directory.NewAccount{FullName: "Joe Card1", Kind: directory.AccountOrganization, Organization: "Joe's"})},
		{"a long name", strings.Repeat("ä", 64), register(directory.NewAccount{FullName: strings.Repeat("ä", 70) + " Card1"})},
		{"an identity", "Joe", func(w *world) (directory.SignIn, error) {
			return w.demo.RegisterIdentity(w.t.Context(), directory.NewIdentity{IDTag: "joe@" + w.demo.Domain(), Email: "new@example.com", Token: "registration-token"}, directory.Refreshed)
		}},
		{"an operator", "Op", func(w *world) (directory.SignIn, error) {
			_, err := w.demo.AddOperator(w.t.Context(), directory.NewOperator{Username: "op", Email: "op@example.com", FullName: "Op Erator", Password: "yoyo"})
			return w.login("op", "yoyo", directory.Exchanged), err
		}},
		{"an invitation", "Ann", func(w *world) (directory.SignIn, error) {
			_, _, err := w.demo.GrantSubscription(w.t.Context(), w.as("donny"), "cowork", "basic", directory.Grantee{Email: "new@example.com", FullName: "New Org", Force: true})
			if err != nil {
				return directory.SignIn{}, err
			}
			jobs, err := w.store.System().DueJobs(w.t.Context(), w.clock.Now(), time.Minute, 10)
			if err != nil {
				return directory.SignIn{}, err
			}
			_, key, _ := strings.Cut(string(jobs[0].Body), "/api/auth/")
			return w.demo.Redeem(w.t.Context(), key[:40], directory.NewAccount{Password: "yoyo", FullName: "Ann New"}, directory.Exchanged)
		}},
	} {
		t.Run(c.way, func(t *testing.T) {
			w := newWorld(t)
			in, err := c.make(w)
			if err != nil {
				t.Fatal(err)
			}
			stored := w.owned(in.Subject.ID, profile.Household)
			list := w.household(w.who(in), in.Subject.ID.String())
			if len(stored) != 1 || len(list) != 1 || list[0].ID != stored[0].ID || list[0].Name != c.name || !list[0].Default || list[0].Child || list[0].AgeLimit != nil {
				t.Errorf("the household is %+v of %d", list, len(stored))
			}
			account, first := w.events(in.Subject.ID), w.events(stored[0].ID)
			if len(first) != 1 || first[0].Kind != "household.created" || first[0].Position.Tx != account[0].Position.Tx {
				t.Errorf("not made with the account: %+v, %+v", account, first)
			}
		})
	}
}

// events lists what happened to a record.
func (w *world) events(subject profile.ID) (out []store.Event) {
	w.t.Helper()
	err := w.store.Site(1).View(w.t.Context(), func(r store.Reader) error {
		list, err := r.Events(store.Position{}, -1)
		out = slices.DeleteFunc(list, func(e store.Event) bool { return e.Subject != subject })
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// owned lists what an owner has, as it lies in the store.
func (w *world) owned(owner profile.ID, kind profile.Type) (out []*store.Record) {
	w.t.Helper()
	err := w.store.Site(1).View(w.t.Context(), func(r store.Reader) (err error) {
		out, err = r.Owned(owner, kind, 0, -1)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// Users of the entity API get it at the first access, whoever is first.
func TestAnEntitysFirstAccessesMakeOneDefaultProfile(t *testing.T) {
	w := newWorld(t)
	donny := w.as("donny")
	for attrs, want := range map[string]string{`{"givenName":" Ann  Lee "}`: "Ann Lee", `{"familyName":"Lee"}`: "Default", `{"displayName":"Ann Bee"}`: "Ann", `{"givenName":"\u200b"}`: "Default"} {
		e, err := w.demo.CreateEntity(t.Context(), w.owner(), "user", []byte(attrs))
		if profile.IsCode(err, profile.CodeConstraint) {
			continue // a name that the schema refuses
		}
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for n := range 16 {
			wg.Go(func() {
				ctx := context.Background()
				var err error
				switch n % 3 {
				case 0:
					var list []directory.Member
					if list, err = w.demo.Household(ctx, donny, e.ID.String()); err == nil && wrongHousehold(list) != "" {
						t.Error(wrongHousehold(list))
					}
				case 1:
					_, err = w.demo.AddMember(ctx, donny, e.ID.String(), directory.MemberEdit{Name: new(fmt.Sprint("Kid ", n)), Default: new(true)})
				case 2:
					_, err = w.demo.HouseholdMember(ctx, donny, e.ID.String(), e.ID.String())
					if profile.IsKind(err, profile.NotFound) {
						err = nil
					}
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list := w.household(donny, e.ID.String())
		if why := wrongHousehold(list); why != "" || len(list) != 6 {
			t.Errorf("%d profiles: %s", len(list), why)
		}
		if !slices.ContainsFunc(list, func(m directory.Member) bool { return m.Name == want }) {
			t.Errorf("none is named %q: %+v", want, list)
		}
	}
}

func TestAHouseholdIsItsAccountsAndTheOperators(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	casey, xia, donny := w.as("casey"), w.as("xia"), w.as("donny")
	list := w.household(casey, caseys)
	robin := list[1].ID.String()
	child := casey
	child.Restriction = access.Restriction{Kind: access.ChildProfile, Profile: list[1].ID}
	scoped := casey
	scoped.Restriction = access.Restriction{Kind: access.Scoped}
	for _, c := range []struct {
		what        string
		who         access.Principal
		read, write profile.Kind // Internal: allowed
	}{
		{"nobody", access.Principal{}, profile.Unauthenticated, profile.Unauthenticated},
		{"another", xia, profile.NotFound, profile.NotFound},
		{"an API client", w.owner(), profile.Forbidden, profile.Forbidden},
		{"a child profile", child, profile.Internal, profile.Forbidden},
		{"a token with scopes", scoped, profile.Forbidden, profile.Forbidden},
		{"the account", casey, profile.Internal, profile.Internal},
		{"the operator", donny, profile.Internal, profile.Internal},
	} {
		check := func(call string, err error, want profile.Kind) {
			t.Helper()
			if want == profile.Internal && err != nil || want != profile.Internal && !profile.IsKind(err, want) {
				t.Errorf("%s, %s: %v", c.what, call, err)
			}
		}
		_, err := w.demo.Household(ctx, c.who, caseys)
		check("list", err, c.read)
		_, err = w.demo.HouseholdMember(ctx, c.who, caseys, robin)
		check("read", err, c.read)
		made, err := w.demo.AddMember(ctx, c.who, caseys, directory.MemberEdit{Name: new("Kim")})
		check("make", err, c.write)
		_, err = w.demo.EditMember(ctx, c.who, caseys, robin, directory.MemberEdit{AgeLimit: new(7)})
		check("change", err, c.write)
		id := robin
		if err == nil {
			id = made.ID.String()
		}
		check("delete", w.demo.RemoveMember(ctx, c.who, caseys, id, nil), c.write)
	}
	for _, name := range []string{"42", list[0].ID.String(), robin, casey.Subject.String(), strings.ToUpper(casey.Subject.String())} {
		if got := w.household(casey, name); len(got) != 2 || got[0].Account != 42 {
			t.Errorf("%s: %+v", name, got)
		}
		_, err := w.demo.Household(ctx, xia, name)
		wantCode(t, err, profile.CodeNotFound)
	}
	broker, err := w.store.Site(1).Get(ctx, profile.Slug, "cowork")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "casey", "042", "+42", " 42", "43", "-42", "99999999999999999999", broker.ID.String(), fmt.Sprint(broker.Number), profile.ID{}.String()} {
		_, err := w.demo.Household(ctx, donny, name)
		wantCode(t, err, profile.CodeNotFound)
	}
	// a profile of one account is none of another
	_, err = w.demo.HouseholdMember(ctx, donny, donny.Subject.String(), robin)
	wantCode(t, err, profile.CodeNotFound)
	wantCode(t, w.demo.RemoveMember(ctx, donny, donny.Subject.String(), robin, nil), profile.CodeNotFound)
	// nor does it become one
	for _, account := range []string{"41", "nobody", donny.Subject.String()} {
		_, err = w.demo.AddMember(ctx, donny, caseys, directory.MemberEdit{Name: new("Kim"), Accounts: []string{caseys, account}})
		wantCode(t, err, profile.CodeMemberMoved)
		_, err = w.demo.EditMember(ctx, donny, caseys, robin, directory.MemberEdit{Accounts: []string{account}})
		wantCode(t, err, profile.CodeMemberMoved)
	}
}

func TestAChildBecomesMoreOnlyWithTheAccountsPassword(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	casey, donny := w.as("casey"), w.as("donny")
	edit := func(who access.Principal, id string, in directory.MemberEdit) (directory.Member, error) {
		return w.demo.EditMember(ctx, who, caseys, id, in)
	}
	kim := w.member(casey, caseys, directory.MemberEdit{Name: new("Kim"), Child: new(true)})
	if *kim.AgeLimit != 12 {
		t.Errorf("a child's age limit is %d", *kim.AgeLimit)
	}
	id := kim.ID.String()
	for _, more := range []directory.MemberEdit{{Child: new(false)}, {AgeLimit: new(13)}, {Child: new(false), NoLimit: true}, {Child: new(false), Default: new(true)}} {
		_, err := edit(casey, id, more)
		wantCode(t, err, profile.CodeProofRequired)
		more.Proof.Password = "wrong"
		_, err = edit(casey, id, more)
		wantCode(t, err, profile.CodePassword)
		if !profile.IsKind(err, profile.Forbidden) {
			t.Errorf("a wrong proof of a known caller: %v", err)
		}
	}
	for _, less := range []directory.MemberEdit{{AgeLimit: new(6)}, {NoLimit: true, Proof: directory.MemberProof{Password: "yoyo"}}, {Name: new("Kimmy")}} {
		if _, err := edit(casey, id, less); err != nil {
			t.Errorf("%+v: %v", less, err)
		}
	}
	grown, err := edit(casey, id, directory.MemberEdit{Child: new(false), Default: new(true), Proof: directory.MemberProof{Password: "yoyo"}})
	if err != nil || grown.Child || !grown.Default || *grown.AgeLimit != 12 {
		t.Errorf("%+v, %v", grown, err)
	}
	// an adult's limit is not a child's
	robin := w.household(casey, caseys)[2].ID.String()
	for adults, want := range map[int]int{21: 12, 18: 12, 17: 17, 0: 0} {
		if _, err := edit(donny, robin, directory.MemberEdit{Child: new(false), AgeLimit: &adults}); err != nil { // an operator knows no password
			t.Fatal(err)
		}
		small, err := edit(casey, robin, directory.MemberEdit{Child: new(true)})
		if err != nil || *small.AgeLimit != want {
			t.Errorf("from %d: %+v, %v, want %d", adults, small, err, want)
		}
	}
}

func TestAnEditMayBeBoundToAVersion(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	robin := w.household(casey, caseys)[1]
	edit := func(name string, versions []int64) (directory.Member, error) {
		return w.demo.EditMember(t.Context(), casey, caseys, robin.ID.String(), directory.MemberEdit{Name: &name, Versions: versions})
	}
	if m, err := edit("Bo", []int64{7, robin.Version}); err != nil || m.Version != robin.Version+1 {
		t.Fatalf("%+v, %v", m, err)
	}
	for _, versions := range [][]int64{{}, {robin.Version}, {9}} {
		_, err := edit("Cy", versions)
		wantCode(t, err, profile.CodeVersionMismatch)
		wantCode(t, w.demo.RemoveMember(t.Context(), casey, caseys, robin.ID.String(), versions), profile.CodeVersionMismatch)
	}
	if m, err := edit("Bo", nil); err != nil || m.Version != robin.Version+1 {
		t.Errorf("a change that changes nothing: %+v, %v", m, err)
	}
	// of many who read the same version, one wins
	var wg sync.WaitGroup
	var won atomic.Int64
	for n := range 16 {
		wg.Go(func() {
			if _, err := edit(fmt.Sprint("Bo ", n), []int64{robin.Version + 1}); err == nil {
				won.Add(1)
			} else if !profile.IsCode(err, profile.CodeVersionMismatch) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d won", won.Load())
	}
}

// belongings gives a household profile a document of its own, as the faces
// that keep things for a profile do.
func (w *world) belongings(of directory.Member) profile.ID {
	w.t.Helper()
	id := profile.NewIDIn(w.clock.Now(), of.ID.Bucket())
	err := w.store.Site(1).Update(w.t.Context(), func(tx store.Tx) error {
		number, err := tx.Numbers(1)
		if err != nil {
			return err
		}
		return tx.Create(&store.Record{
			ID: id, Bucket: id.Bucket(), Type: profile.Document, Number: number, Owner: of.ID, Attrs: []byte(`{"seen":["x"]}`), Extras: []byte(`{}`),
			State: profile.Active, Version: 1, Created: w.clock.Now(), Updated: w.clock.Now(),
			Names: []profile.Name{{Space: profile.DocumentApp, Value: "1", Owned: true}},
		}, store.Event{At: w.clock.Now(), Subject: id, Kind: "document.created"})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func TestAProfilesBelongingsGoWithIt(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	casey := w.as("casey")
	list := w.household(casey, caseys)
	kept, gone := w.belongings(list[0]), w.belongings(list[1])
	if err := w.demo.RemoveMember(ctx, casey, caseys, list[1].ID.String(), nil); err != nil {
		t.Fatal(err)
	}
	there := func(id profile.ID) bool {
		t.Helper()
		_, err := w.store.Site(1).GetID(ctx, id)
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	if there(list[1].ID) || there(gone) || !there(kept) {
		t.Errorf("the profile is there: %t, its document: %t, another's: %t", there(list[1].ID), there(gone), there(kept))
	}
	wantCode(t, w.demo.RemoveMember(ctx, casey, caseys, list[1].ID.String(), nil), profile.CodeNotFound)
	robin := w.member(casey, caseys, directory.MemberEdit{Name: new("robin")}) // the name is free again
	last := w.belongings(robin)

	if err := w.demo.EraseProfile(ctx, casey, "casey"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []profile.ID{list[0].ID, robin.ID, kept, last} {
		if there(id) {
			t.Errorf("%s is there after its account is erased", id)
		}
	}
	_, err := w.demo.Household(ctx, w.as("donny"), caseys)
	wantCode(t, err, profile.CodeNotFound)
	_, err = w.demo.Household(ctx, casey, casey.Subject.String())
	wantCode(t, err, profile.CodeNotFound)
	_, err = w.demo.AddMember(ctx, casey, robin.ID.String(), directory.MemberEdit{Name: new("x")})
	wantCode(t, err, profile.CodeNotFound)
}

// Whatever is asked of a household, it keeps its rules, and what is refused
// changes nothing.
func TestAHouseholdKeepsItsRules(t *testing.T) {
	w := newWorld(t)
	casey := w.as("casey")
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			before := w.household(casey, caseys)
			in := directory.MemberEdit{
				Name:     rapid.Ptr(rapid.SampledFrom([]string{"a", "A", " a ", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "", "\t", "x\ny"}), true).Draw(t, "name"),
				Child:    rapid.Ptr(rapid.Bool(), true).Draw(t, "child"),
				AgeLimit: rapid.Ptr(rapid.IntRange(-1, 22), true).Draw(t, "limit"),
				NoLimit:  rapid.Bool().Draw(t, "clear"),
				Default:  rapid.Ptr(rapid.Bool(), true).Draw(t, "default"),
			}
			id := rapid.SampledFrom(before).Draw(t, "of").ID.String()
			var err error
			switch rapid.SampledFrom([]string{"add", "add", "edit", "edit", "remove"}).Draw(t, "what") {
			case "add":
				_, err = w.demo.AddMember(context.Background(), casey, caseys, in)
			case "edit":
				_, err = w.demo.EditMember(context.Background(), casey, caseys, id, in)
			case "remove":
				err = w.demo.RemoveMember(context.Background(), casey, caseys, id, nil)
			}
			after := w.household(casey, caseys)
			if why := wrongHousehold(after); why != "" {
				t.Fatal(why)
			}
			if err == nil {
				continue
			}
			if profile.IsKind(err, profile.Internal) {
				t.Fatal(err)
			}
			if !slices.EqualFunc(before, after, func(a, b directory.Member) bool { return a.ID == b.ID && a.Version == b.Version }) {
				t.Fatalf("refused with %v, and changed", err)
			}
		}
	})
}
