package directory

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"strconv"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// The demo site, as the examples of the five documents suppose it. Everything
// in it is public: never use it for real data.
const (
	demoSite     = "demo"
	demoDomain   = "localhost.localdomain"
	demoPassword = "yoyo"

	demoAppKey = "demo-api-key"
	demoFile   = "b1~abc123" // as Cloudillo's examples print it

	// of the Basic header that the Entity API's example prints
	demoClient       = "sgnyvus6pc4jm7khr2neq5gs89gbr2eq"
	demoClientSecret = "wt4c3un9wkkcfvyknqx44ync476afs68"
)

// HoldsRealSite reports whether the store has a site that is not the demo.
func (d *Directory) HoldsRealSite(ctx context.Context) (bool, error) {
	t, err := d.sites(ctx)
	if err != nil {
		return false, err
	}
	for _, s := range t.byID {
		if !s.Policy().DemoPasswords {
			return true, nil
		}
	}
	return false, nil
}

// SeedDemo makes the demo site, unless it is there already, and gives a line
// for each credential.
func (d *Directory) SeedDemo(ctx context.Context, baseURL string) ([]string, error) {
	s, err := d.SiteNamed(ctx, demoSite)
	switch {
	case profile.IsKind(err, profile.NotFound):
		if err := d.seedDemo(ctx, baseURL); err != nil {
			return nil, fmt.Errorf("seeding the demo: %w", err)
		}
	case err != nil:
		return nil, err
	default:
		if err := s.setPolicy(ctx, func(p *Policy) { p.BaseURL = baseURL }); err != nil {
			return nil, err
		}
	}
	var lines []string
	for _, u := range demoUsers {
		lines = append(lines, fmt.Sprintf("user %-6s password %s   %s", u.slug, demoPassword, u.what))
	}
	for _, token := range demoTokens {
		lines = append(lines, "registration token "+token+"   for as many as there are")
	}
	lines = append(lines, "X-API-KEY "+demoAppKey+"   identifies the app oneclub")
	return append(lines, "API client "+demoClient+" secret "+demoClientSecret+"   feature owner"), nil
}

type demoUser struct {
	slug, fullName, idtag, what string
	number                      int64
	members                     []member
}

var demoUsers = []demoUser{
	{slug: "donny", fullName: "Donny", what: "manages cowork, which owns the site: an operator"},
	{slug: "xia", fullName: "Xia Lee", what: "a person"},
	{slug: "alice", fullName: "Alice Cooper", what: "a person"},
	{slug: "bob", fullName: "Bob Stone", idtag: "bob@example.com", what: "a person, idTag bob@example.com"},
	{slug: "casey", fullName: "Casey Jones", number: 42, what: "a household of two, account number 42",
		members: []member{{Name: "Robin", AgeLimit: new(16)}}},
}

// demoTokens are those that Cloudillo's page prints.
var demoTokens = []string{"registration-token", "verification-token"}

var demoAgreements = []Agreement{
	{Title: "Terms of Use", Text: "Be kind to each other, and leave the desks as you found them."},
	{Title: "Privacy", Text: "What is told here is gone when the demo ends."},
}

func (d *Directory) seedDemo(ctx context.Context, baseURL string) error {
	s, err := d.CreateSite(ctx, NewSite{
		Name: demoSite, Domain: demoDomain, Hosts: []string{"localhost", "127.0.0.1", demoDomain}, Default: true,
		Policy: Policy{Title: "Coworking Space", Registration: RegistrationOpen, DemoPasswords: true, ShadowProfiles: true, Communities: true, UnverifiedEmail: true, Frictionless: true, BaseURL: baseURL,
			Household: HouseholdPolicy{DefaultPIN: "0000"}},
	})
	if err != nil {
		return err
	}
	broker, err := s.CreateBroker(ctx, "cowork", "Coworking Space")
	if err != nil {
		return err
	}
	for _, u := range demoUsers {
		if err := s.seedUser(ctx, u, broker.ID); err != nil {
			return fmt.Errorf("%s: %w", u.slug, err)
		}
	}
	monthly := PlanTerms{Active: true, PeriodType: "monthly", PeriodLength: 1, Unit: "usd", RenewalType: "auto-renew"}
	premium, basic := monthly, monthly
	premium.Title, premium.Description, premium.PeriodAmount = "Premium", "A desk of your own.", 24999
	basic.Title, basic.Description, basic.PeriodAmount, basic.SkipOptin = "Basic", "A seat at the long table.", 17999, true
	if err := s.AddPlan(ctx, broker.ID, "premium", premium); err != nil {
		return err
	}
	if err := s.AddPlan(ctx, broker.ID, "basic", basic); err != nil {
		return err
	}
	if err := s.seedApps(ctx); err != nil {
		return err
	}
	if d.media != nil {
		if err := s.addFile(ctx, demoFile, demoPicture()); err != nil {
			return err
		}
	}
	for _, a := range demoAgreements {
		if _, err := s.addAgreement(ctx, profile.ID{}, a); err != nil {
			return err
		}
	}
	for _, token := range demoTokens {
		if _, err := s.AddRegistrationToken(ctx, NewRegistrationToken{Token: token, Uses: -1}); err != nil {
			return err
		}
	}
	_, err = s.AddClient(ctx, NewClient{
		Description: "application owner", Features: []access.Feature{access.Owner}, ID: demoClient, Secret: demoClientSecret,
	})
	return err
}

// demoPicture is a small picture in shades of grey.
func demoPicture() []byte {
	img := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range img.Pix {
		img.Pix[i] = uint8(i%64*2 + i/64*2)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil { // to memory: it cannot fail
		panic(err)
	}
	return b.Bytes()
}

func (s *Site) seedApps(ctx context.Context) error {
	for _, a := range []NewApp{
		{App: App{ID: 1, Name: "oneclub", Domains: []string{"oneclub.localhost.localdomain"}, Description: "The members' club."}, Key: demoAppKey},
		{App: App{ID: 2, Name: "neuraljam", Domains: []string{"neuraljam.localhost.localdomain"}, Description: "Music made together."}},
	} {
		if _, err := s.AddApp(ctx, a); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	return nil
}

func (s *Site) seedUser(ctx context.Context, u demoUser, broker profile.ID) error {
	var others []*store.Record
	rec, err := s.createAccount(ctx, profile.ID{}, NewAccount{
		Kind: AccountPersonal, Username: u.slug, FullName: u.fullName, Email: u.slug + "@" + demoDomain, Password: demoPassword,
		number: u.number, idtag: u.idtag,
	}, func(tx store.Tx, user *store.Record) error {
		if u.slug != "donny" {
			return nil
		}
		return s.addManager(tx, user.ID, user.ID, broker)
	})
	if err != nil {
		return err
	}
	for _, m := range u.members {
		other, err := s.newMember(ctx, rec.ID, m)
		if err != nil {
			return err
		}
		others = append(others, other)
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		for _, other := range others {
			if err := tx.Create(other, s.event(rec.ID, "household.created", other.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}

// renumber gives a record a number of one's own choice.
func renumber(rec *store.Record, n int64) {
	rec.Number = n
	setName(rec, profile.Number, strconv.FormatInt(n, 10))
}
