package directory

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// Subscription is one period in which a profile has a plan. It waits while its
// grant, or its request, is not accepted.
type Subscription struct {
	Created     time.Time
	Ends        time.Time
	AutoRenew   bool
	Description string
	Grant       string // while the subscriber has to accept: a fingerprint of the key, not the key
	Request     string // while the provider has to accept
	Profile     Subject
	Plan        Plan
}

// subscriptionAttrs is what a subscription link carries.
type subscriptionAttrs struct {
	AutoRenew   bool   `json:"auto_renew"`
	Description string `json:"description,omitempty"`
	Grant       string `json:"grant,omitempty"`
	Request     string `json:"request,omitempty"`
}

func subscriptionOf(l *store.Link, subscriber Subject, plan Plan) (Subscription, error) {
	var a subscriptionAttrs
	if err := json.Unmarshal(l.Attrs, &a); err != nil {
		return Subscription{}, err
	}
	return Subscription{
		Created: l.Created, Ends: l.EndsAt, AutoRenew: a.AutoRenew, Description: a.Description,
		Grant: a.Grant, Request: a.Request, Profile: subscriber, Plan: plan,
	}, nil
}

// Subscriptions lists a profile's subscriptions whose period is now, those that
// wait for acceptance among them, newest first.
func (s *Site) Subscriptions(ctx context.Context, who access.Principal, slug string) ([]Subscription, error) {
	var out []Subscription
	now := s.d.now()
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.profileFor(r, access.SubscriptionOf, who, slug)
		if err != nil {
			return err
		}
		all, err := s.subscriptionsOf(r, rec)
		out = slices.DeleteFunc(all, func(sub Subscription) bool { return !sub.Ends.After(now) })
		return err
	})
	return out, err
}

// subscriptionsOf lists all subscriptions a profile ever had, newest first.
func (s *Site) subscriptionsOf(r store.Reader, rec *store.Record) ([]Subscription, error) {
	subscriber, err := s.subject(r, rec)
	if err != nil {
		return nil, err
	}
	links, err := r.From(rec.ID, store.SubscriptionLink, profile.ID{}, "", -1)
	if err != nil {
		return nil, err
	}
	out := make([]Subscription, 0, len(links))
	for _, l := range links {
		planRec, err := r.Record(l.Dst)
		if profile.IsKind(err, profile.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		plan, err := planOf(planRec)
		if err != nil {
			return nil, err
		}
		sub, err := subscriptionOf(l, subscriber, plan)
		if err != nil {
			return nil, err
		}
		out = append(out, sub)
	}
	slices.SortStableFunc(out, func(a, b Subscription) int { return b.Created.Compare(a.Created) })
	return out, nil
}

// Grantee is whom a subscription is granted to: a profile by slug, else by
// e-mail.
type Grantee struct {
	Slug, Email, FullName string
	Force                 bool // make an organization for an e-mail that nobody has, and invite it
	Message               string
}

// GrantSubscription subscribes a profile to a plan of the provider. One
// subscription is current at a time: a second grant gives it back, with made
// false. Errors: NotFound with Field "slug" or "email" for the grantee,
// "plan" for the plan.
func (s *Site) GrantSubscription(ctx context.Context, who access.Principal, provider, plan string, to Grantee) (sub Subscription, made bool, err error) {
	if to.Slug == "" && to.Email == "" {
		if to.Force {
			return sub, false, noAddress()
		}
		return sub, false, profile.E(profile.Missing, profile.CodeRequired, "profile", "One of slug or (full_name, email, type) should be present")
	}
	if to.Email != "" {
		if err := checkEmail(to.Email); err != nil {
			return sub, false, err
		}
	}
	// What a forced grant may need is drawn up before the transaction.
	var invited *store.Record
	if to.Force && to.Email != "" {
		if invited, err = s.draftInvited(ctx, who, to); err != nil {
			return sub, false, err
		}
	}
	seq, err := s.number(ctx)
	if err != nil {
		return sub, false, err
	}
	invitation, grant := credential.NewHexKey(), credential.NewHexKey()
	err = s.data.Update(ctx, func(tx store.Tx) error {
		made = false
		planRec, p, err := s.planFor(tx, access.PlanGrant, who, provider, plan)
		if err != nil {
			return err
		}
		rec, err := s.grantee(tx, to)
		if profile.IsKind(err, profile.NotFound) && to.Force {
			if rec, err = invited, noAddress(); rec != nil {
				err = s.createInvited(tx, who, p, rec, to, invitation)
			}
		}
		if err != nil {
			return err
		}
		subscriber, err := s.subject(tx, rec)
		if err != nil {
			return err
		}
		link, err := s.currentSubscription(tx, rec.ID, planRec.ID)
		if err != nil {
			return err
		}
		if link == nil {
			made = true
			if link, err = s.subscribe(tx, who, rec, p, strconv.FormatInt(seq, 10), grant); err != nil {
				return err
			}
		}
		sub, err = subscriptionOf(link, subscriber, p)
		return err
	})
	return sub, made, err
}

func noAddress() error {
	return profile.E(profile.Missing, profile.CodeRequired, "email", "We cannot invite an organization without an e-mail address.")
}

// grantee finds a profile by slug, else by e-mail.
func (s *Site) grantee(r store.Reader, to Grantee) (*store.Record, error) {
	if to.Slug != "" {
		rec, err := bySlug(r, profile.Slug, to.Slug)
		if err == nil {
			var ok bool
			if ok, err = isProfile(r, rec); ok {
				return rec, nil
			}
		}
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			return nil, err
		}
		return nil, profile.E(profile.NotFound, profile.CodeNotFound, "slug", "Profile %s does not exist.", to.Slug)
	}
	rec, err := r.ByName(profile.ID{}, profile.Email, profile.Fold(to.Email))
	if err == nil {
		if ok, err := isProfile(r, rec); ok || err != nil {
			return rec, err
		}
	} else if !profile.IsKind(err, profile.NotFound) {
		return nil, err
	}
	if rec, err = s.organizationByEmail(r, to.Email); rec != nil || err != nil {
		return rec, err
	}
	return nil, profile.E(profile.NotFound, profile.CodeNotFound, "email", "Profile %s does not exist.", to.Email)
}

// organizationByEmail finds the oldest organization that has an e-mail, nil
// when there is none: organizations do not claim theirs.
func (s *Site) organizationByEmail(r store.Reader, email string) (*store.Record, error) {
	value := profile.Fold(email)
	var ids []profile.ID
	err := r.Lookup(profile.Organization, store.Range{Path: "email", Low: value, High: value}, func(id profile.ID, _ string) bool {
		ids = append(ids, id)
		return true
	})
	if err != nil {
		return nil, err
	}
	var first *store.Record
	for _, id := range ids {
		rec, err := r.Record(id)
		if err != nil {
			return nil, err
		}
		if profile.Fold(textAt(rec.Attrs, "email")) == value && (first == nil || rec.Number < first.Number) {
			first = rec
		}
	}
	return first, nil
}

// currentSubscription reads a subscription whose period is not over, nil when
// there is none.
func (s *Site) currentSubscription(tx store.Tx, subscriber, plan profile.ID) (*store.Link, error) {
	links, err := tx.From(subscriber, store.SubscriptionLink, profile.ID{}, "", -1)
	if err != nil {
		return nil, err
	}
	now := s.d.now()
	for _, l := range links {
		if l.Dst != plan || l.State == store.LinkEnded {
			continue
		}
		if l.EndsAt.After(now) {
			return l, nil
		}
		// its time is over: it becomes history, and gives the place free
		if err := s.endSubscription(tx, l); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// subscribe adds a subscription that begins now. It is active at once where
// the plan says so, else it waits for the subscriber, who gets a key by mail.
func (s *Site) subscribe(tx store.Tx, who access.Principal, rec *store.Record, p Plan, key, grant string) (*store.Link, error) {
	now := s.d.now()
	if err := tx.Claim(rec.ID, profile.Subscribed, p.ID.String(), p.ID); err != nil {
		return nil, err
	}
	a := subscriptionAttrs{AutoRenew: p.AutoRenewable}
	link := &store.Link{
		Src: rec.ID, Kind: store.SubscriptionLink, Dst: p.ID, Key: key,
		State: store.LinkActive, Created: now, EndsAt: p.periodEnd(now),
	}
	if !p.SkipOptin {
		link.State = store.LinkInvited
		a.Grant = fingerprint(grant)
		if err := tx.PutTicket(s.newTicket(rec.ID, ticketSubscription, grant, ticketData{Plan: p.ID, Link: key})); err != nil {
			return nil, err
		}
		if email := textAt(rec.Attrs, "email"); email != "" {
			err := tx.Enqueue(s.mailJob(rec.ID, "notice", email, MailData{
				Subject:   p.Provider.FullName() + " offers you " + p.Title,
				Recipient: textAt(rec.Attrs, "displayName"),
				Text:      "The subscription begins when you accept it with this key: " + grant,
			}))
			if err != nil {
				return nil, err
			}
		}
	}
	link.Attrs = marshal(a)
	if err := tx.AddLink(link); err != nil {
		return nil, err
	}
	return link, tx.Log(s.event(who.Subject, "subscription.granted", rec.ID))
}

// draftInvited drafts the organization that a forced grant may make.
func (s *Site) draftInvited(ctx context.Context, who access.Principal, to Grantee) (*store.Record, error) {
	name := strings.TrimSpace(to.FullName)
	if name == "" {
		name = localPart(to.Email)
	}
	return s.newSubject(ctx, profile.Organization, who.Subject, []Set{{"displayName", &name}, {"email", &to.Email}})
}

// createInvited makes the organization of a forced grant. A user who has the
// e-mail manages it; else nobody does, and whoever gets the mail may.
func (s *Site) createInvited(tx store.Tx, who access.Principal, p Plan, rec *store.Record, to Grantee, key string) error {
	if to.Slug != "" {
		if err := checkSlug(to.Slug); err != nil {
			return err
		}
	}
	base := slugFrom(textAt(rec.Attrs, "displayName"))
	if err := s.createSlugged(tx, rec, to.Slug, base, s.event(who.Subject, "organization.created", rec.ID)); err != nil {
		return err
	}
	user, err := tx.ByName(profile.ID{}, profile.Email, profile.Fold(to.Email))
	if err == nil {
		return s.addManager(tx, who.Subject, user.ID, rec.ID)
	}
	if !profile.IsKind(err, profile.NotFound) {
		return err
	}
	ticket := s.newTicket(rec.ID, ticketInvitation, key, ticketData{Email: to.Email})
	if err := tx.PutTicket(ticket); err != nil {
		return err
	}
	return tx.Enqueue(s.mailJob(rec.ID, "invitation", to.Email, MailData{
		Recipient: textAt(rec.Attrs, "displayName"),
		Inviter:   p.Provider.FullName(),
		What:      "a subscription to " + p.Title,
		Text:      to.Message,
		Link:      s.link("/api/auth/" + key),
		Expires:   ticket.Expires,
	}))
}
