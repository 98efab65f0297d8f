package directory

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Grantee is whom a subscription is granted to: a profile by slug, else all
// that have an e-mail.
type Grantee struct {
	Slug, Email, FullName string
	Personal              bool // a person: a user without a personal profile gets one
	Force                 bool // make a profile for an e-mail that nobody has, and invite it
	Message               string
}

// GrantSubscription subscribes profiles to a plan of the provider, and gives
// the first. One subscription is current at a time: a second grant gives it
// back, with made false; where it waits for the provider, it is accepted.
// Errors: NotFound with Field "slug" or "email" for the grantee, "plan" for the
// plan; Limited/CodeQuota.
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
	invitation := credential.NewHexKey()
	err = s.data.Update(ctx, func(tx store.Tx) error {
		made = false
		_, p, err := s.planFor(tx, access.PlanGrant, who, provider, plan)
		if err != nil {
			return err
		}
		if err := tx.Lock(p.ID); err != nil { // it is not deleted meanwhile
			return err
		}
		if err := s.spend(tx, who, grantQuota); err != nil {
			return err
		}
		all, err := s.grantees(tx, who, to)
		if profile.IsKind(err, profile.NotFound) && to.Force {
			if err = noAddress(); invited != nil {
				all, err = []*store.Record{invited}, s.createInvited(tx, who, p, invited, to, invitation)
			}
		}
		if err != nil {
			return err
		}
		for i, rec := range all {
			l, isNew, err := s.grant(tx, who, rec, p, to.Message, rec == invited)
			if err != nil {
				return err
			}
			made = made || isNew
			if i == 0 {
				if sub, err = s.subscriptionFor(tx, who, l, rec, p); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return sub, made, err
}

// grant gives a profile a plan, if it has it not. Who is invited by mail at the
// same time need not be told of what begins at once.
func (s *Site) grant(tx store.Tx, who access.Principal, rec *store.Record, p Plan, message string, invited bool) (l *store.Link, made bool, err error) {
	if l, err = s.current(tx, rec, p); err != nil {
		return nil, false, err
	}
	if l != nil {
		if l.State == store.LinkRequested {
			err = s.acceptSubscription(tx, who, l, rec)
		}
		return l, false, err
	}
	if err := s.reaches(tx, who, rec.ID, "slug"); err != nil {
		return nil, false, err
	}
	state, event := store.LinkInvited, "subscription.offered"
	if p.SkipOptin {
		state, event = store.LinkActive, "subscription.granted"
	}
	l, key, err := s.subscribe(tx, rec, p, state)
	if err != nil {
		return nil, false, err
	}
	subject, text := p.Provider.FullName()+" gave you "+p.Title, message
	if state == store.LinkInvited {
		subject = p.Provider.FullName() + " offers you " + p.Title
		text = strings.TrimSpace(message + "\n\nThe subscription begins when you accept it with this key: " + key)
	}
	if state == store.LinkInvited || !invited {
		if err := s.notice(tx, NoticeSubscriptionGranted, rec, rec.ID, subject, text); err != nil {
			return nil, false, err
		}
	}
	return l, true, tx.Log(s.event(who.Subject, event, rec.ID))
}

// RequestSubscription asks for an active plan on behalf of a profile that the
// caller manages. It waits for the provider where the plan says so and where
// the plan costs something; a grant that waits for the profile is accepted by
// it. made is false where there was a subscription. Errors: NotFound, with
// Field "plan" for the plan; Forbidden; Limited/CodeQuota.
func (s *Site) RequestSubscription(ctx context.Context, who access.Principal, slug, plan, message string) (sub Subscription, made bool, err error) {
	err = s.data.Update(ctx, func(tx store.Tx) error {
		made = false
		rec, err := s.profileFor(tx, access.SubscriptionRequest, who, slug)
		if err != nil {
			return err
		}
		planRec, err := bySlug(tx, profile.PlanSlug, plan)
		if profile.IsKind(err, profile.NotFound) {
			return noPlan()
		}
		if err != nil {
			return err
		}
		if err := tx.Lock(planRec.ID); err != nil {
			return err
		}
		p, err := s.planAt(tx, planRec.ID)
		if err != nil {
			return err
		}
		l, err := s.current(tx, rec, p)
		if err != nil {
			return err
		}
		switch {
		case l != nil && l.State == store.LinkInvited:
			err = s.acceptSubscription(tx, who, l, rec)
		case l != nil:
		case !p.Active:
			err = noPlan()
		default:
			made = true
			l, err = s.request(tx, who, rec, p, message)
		}
		if err != nil {
			return err
		}
		sub, err = s.subscriptionFor(tx, who, l, rec, p)
		return err
	})
	return sub, made, err
}

func (s *Site) request(tx store.Tx, who access.Principal, rec *store.Record, p Plan, message string) (*store.Link, error) {
	if err := s.spend(tx, who, grantQuota); err != nil {
		return nil, err
	}
	if !p.waits() {
		l, _, err := s.subscribe(tx, rec, p, store.LinkActive)
		if err != nil {
			return nil, err
		}
		return l, tx.Log(s.event(who.Subject, "subscription.taken", rec.ID))
	}
	l, key, err := s.subscribe(tx, rec, p, store.LinkRequested)
	if err != nil {
		return nil, err
	}
	if err := tx.Claim(p.ID, profile.Requested, key, rec.ID); err != nil {
		return nil, err
	}
	org, err := tx.Record(p.owner)
	if err != nil {
		return nil, err
	}
	subscriber := subjectOf(rec)
	text := strings.TrimSpace(message + "\n\nThe subscription begins when you accept it with this key: " + key)
	if err := s.notice(tx, NoticeSubscriptionRequested, org, org.ID, subscriber.FullName()+" asks for "+p.Title, text); err != nil {
		return nil, err
	}
	return l, tx.Log(s.event(who.Subject, "subscription.requested", rec.ID))
}

// AcceptGrant begins what was granted to a profile, by who manages it; where
// nobody does, an operator acts for it. Accepting again changes nothing.
// Errors: NotFound, with Field "key" for a key of nothing that the profile was
// granted; Forbidden.
func (s *Site) AcceptGrant(ctx context.Context, who access.Principal, slug, key string) (sub Subscription, err error) {
	err = s.data.Update(ctx, func(tx store.Tx) error {
		rec, err := s.profileFor(tx, access.SubscriptionAccept, who, slug)
		if err != nil {
			return err
		}
		sub, err = s.acceptKey(tx, who, rec, key, store.LinkInvited)
		return err
	})
	return sub, err
}

// AcceptRequest begins what a profile asked the provider for. Errors as of
// AcceptGrant.
func (s *Site) AcceptRequest(ctx context.Context, who access.Principal, provider, key string) (sub Subscription, err error) {
	err = s.data.Update(ctx, func(tx store.Tx) error {
		org, err := s.profileFor(tx, access.PlanGrant, who, provider)
		if err != nil {
			return err
		}
		if !IsTicketKey(key) {
			return noKey()
		}
		plans, err := tx.Owned(org.ID, profile.Plan, 0, -1)
		if err != nil {
			return err
		}
		for _, plan := range plans {
			rec, err := tx.ByName(plan.ID, profile.Requested, key)
			if profile.IsKind(err, profile.NotFound) {
				continue
			}
			if err == nil {
				sub, err = s.acceptKey(tx, who, rec, key, store.LinkRequested)
			}
			return err
		}
		return noKey()
	})
	return sub, err
}

func noKey() error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "key", "No Subscription matches the given query.")
}

// acceptKey begins the subscription of a profile that has a key and waits in a
// state, or gives it where it has begun by this key before.
func (s *Site) acceptKey(tx store.Tx, who access.Principal, rec *store.Record, key string, state store.LinkState) (Subscription, error) {
	if err := tx.Lock(rec.ID); err != nil {
		return Subscription{}, err
	}
	links, err := tx.FromByTime(rec.ID, store.LinkQuery{Kind: store.SubscriptionLink, Limit: -1})
	if err != nil {
		return Subscription{}, err
	}
	now := s.d.now()
	for _, l := range links {
		a, err := subscriptionAttrsOf(l)
		if err != nil {
			return Subscription{}, err
		}
		if key == "" || a.Key != key || !l.EndsAt.After(now) || l.State != state && l.State != store.LinkActive {
			continue
		}
		p, err := s.planAt(tx, l.Dst)
		if err != nil {
			return Subscription{}, err
		}
		if l.State == state {
			if err := s.acceptSubscription(tx, who, l, rec); err != nil {
				return Subscription{}, err
			}
		}
		return s.subscriptionFor(tx, who, l, rec, p)
	}
	return Subscription{}, noKey()
}

// acceptSubscription begins a subscription that waited; its dates stay.
func (s *Site) acceptSubscription(tx store.Tx, who access.Principal, l *store.Link, rec *store.Record) error {
	p, err := s.planAt(tx, l.Dst)
	if err != nil {
		return err
	}
	of := p.Provider.FullName()
	subscriber := subjectOf(rec)
	if l.State == store.LinkRequested {
		err = s.notice(tx, NoticeRequestAccepted, rec, rec.ID, of+" accepted your request for "+p.Title, "The subscription to "+p.Title+" has begun.")
	} else {
		var org *store.Record
		if org, err = tx.Record(p.owner); err == nil {
			err = s.notice(tx, NoticeGrantAccepted, org, org.ID, subscriber.FullName()+" accepted "+p.Title, "The subscription of "+subscriber.FullName()+" to "+p.Title+" has begun.")
		}
	}
	if err != nil {
		return err
	}
	l.State = store.LinkActive
	if err := tx.SetLink(l); err != nil {
		return err
	}
	return tx.Log(s.event(who.Subject, "subscription.accepted", rec.ID))
}

// current gives the subscription of a profile to a plan whose period is not
// over, with the profile locked. What else is open becomes history and gives
// the place free.
func (s *Site) current(tx store.Tx, rec *store.Record, p Plan) (*store.Link, error) {
	if err := tx.Lock(rec.ID); err != nil {
		return nil, err
	}
	links, err := s.periods(tx, rec.ID, p.ID)
	if err != nil {
		return nil, err
	}
	now := s.d.now()
	var out *store.Link
	for _, l := range links {
		switch {
		case l.State == store.LinkEnded:
		case l.EndsAt.After(now):
			out = l
		default:
			if err := s.endSubscription(tx, l, s.d.now()); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// subscribe adds a subscription that begins now. There is one at a time: the
// claim on the plan says so.
func (s *Site) subscribe(tx store.Tx, rec *store.Record, p Plan, state store.LinkState) (l *store.Link, key string, err error) {
	if err := tx.Claim(rec.ID, profile.Subscribed, p.ID.String(), p.ID); err != nil {
		return nil, "", err
	}
	number, err := tx.Numbers(1)
	if err != nil {
		return nil, "", err
	}
	a := subscriptionAttrs{AutoRenew: p.AutoRenewable}
	if state != store.LinkActive {
		key = credential.NewHexKey()
		a.Key = key
	}
	now := s.d.now()
	l = &store.Link{
		Src: rec.ID, Kind: store.SubscriptionLink, Dst: p.ID, Key: strconv.FormatInt(number, 10),
		State: state, Attrs: marshal(a), Created: now, EndsAt: p.periodEnd(now),
	}
	return l, key, tx.AddLink(l)
}

// dropRequest makes the key of a request worthless.
func dropRequest(tx store.Tx, l *store.Link, a subscriptionAttrs) error {
	if a.Key == "" {
		return nil
	}
	return tx.Release(l.Dst, profile.Requested, a.Key)
}

// moveRequest makes the key of a request another profile's.
func moveRequest(tx store.Tx, l *store.Link, to profile.ID) error {
	a, err := subscriptionAttrsOf(l)
	if err != nil || l.State != store.LinkRequested {
		return err
	}
	if err := dropRequest(tx, l, a); err != nil {
		return err
	}
	return tx.Claim(l.Dst, profile.Requested, a.Key, to)
}

func noAddress() error {
	return profile.E(profile.Missing, profile.CodeRequired, "email", "We cannot invite an organization without an e-mail address.")
}

// grantees finds a profile by slug, else all that have an e-mail, the oldest
// first. A user who is to be a person's profile, and is none, becomes it.
func (s *Site) grantees(tx store.Tx, who access.Principal, to Grantee) ([]*store.Record, error) {
	out, user, err := s.profilesNamed(tx, to)
	switch {
	case err != nil || len(out) > 0:
		return out, err
	case user != nil && user.Type == profile.User && to.Personal:
		return []*store.Record{user}, s.addManager(tx, who.Subject, user.ID, user.ID)
	default:
		return nil, noGrantee(to)
	}
}

// grantee finds a profile by slug, else the oldest that has an e-mail. Errors:
// NotFound with Field "slug" or "email".
func (s *Site) grantee(r store.Reader, to Grantee) (*store.Record, error) {
	out, _, err := s.profilesNamed(r, to)
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, noGrantee(to)
	}
	return out[0], nil
}

// profilesNamed finds a profile by slug, else those that have an e-mail; user
// is who has the name and is no profile.
func (s *Site) profilesNamed(r store.Reader, to Grantee) (out []*store.Record, user *store.Record, err error) {
	if to.Slug != "" {
		user, err = bySlug(r, profile.Slug, to.Slug)
	} else {
		user, err = r.ByName(profile.ID{}, profile.Email, emailName(to.Email))
	}
	switch {
	case profile.IsKind(err, profile.NotFound):
		user = nil
	case err != nil:
		return nil, nil, err
	default:
		ok, err := isProfile(r, user)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			out, user = append(out, user), nil
		}
	}
	if to.Slug == "" {
		organizations, err := s.organizationsByEmail(r, to.Email)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, organizations...)
		slices.SortFunc(out, func(a, b *store.Record) int { return cmp.Compare(a.Number, b.Number) })
	}
	return out, user, nil
}

func noGrantee(to Grantee) error {
	field, name := "slug", to.Slug
	if name == "" {
		field, name = "email", to.Email
	}
	return profile.E(profile.NotFound, profile.CodeNotFound, field, "Profile %s does not exist.", name)
}

// organizationsByEmail finds the organizations that have an e-mail: they do not
// claim theirs.
func (s *Site) organizationsByEmail(r store.Reader, email string) ([]*store.Record, error) {
	value := schema.Cut(profile.Fold(email)) // how the index has attributes
	var ids []profile.ID
	for _, t := range []profile.Type{profile.Organization, profile.Community} {
		err := r.Lookup(t, store.Range{Path: "email", Low: value, High: value}, func(id profile.ID, _ string) bool {
			ids = append(ids, id)
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	var out []*store.Record
	for _, id := range ids {
		rec, err := r.Record(id)
		if err != nil {
			return nil, err
		}
		if profile.FoldEmail(textAt(rec.Attrs, "email")) == profile.FoldEmail(email) {
			out = append(out, rec)
		}
	}
	return out, nil
}

// draftInvited drafts the profile that a forced grant may make.
func (s *Site) draftInvited(ctx context.Context, who access.Principal, to Grantee) (*store.Record, error) {
	if to.Slug != "" {
		if err := checkSlug(to.Slug); err != nil {
			return nil, err
		}
	}
	if to.Personal {
		return s.draftPerson(ctx, who, to.FullName, to.Email)
	}
	name := strings.TrimSpace(to.FullName)
	if name == "" {
		name = localPart(to.Email)
	}
	return s.newSubject(ctx, profile.Organization, who.Subject, []Set{{"displayName", &name}, {"email", &to.Email}})
}

// createInvited makes the profile of a forced grant. A user who has the e-mail
// manages it; else nobody does, and whoever gets the mail may.
func (s *Site) createInvited(tx store.Tx, who access.Principal, p Plan, rec *store.Record, to Grantee, key string) error {
	if err := s.spend(tx, who, s.Policy().profileQuota()); err != nil {
		return err
	}
	kind := "organization.created"
	if to.Personal {
		kind = "user.created"
	}
	base := slugFrom(textAt(rec.Attrs, "displayName"))
	if err := s.createSlugged(tx, rec, to.Slug, base, s.event(who.Subject, kind, rec.ID)); err != nil {
		return err
	}
	if to.Personal {
		if err := s.addManager(tx, who.Subject, rec.ID, rec.ID); err != nil {
			return err
		}
	} else if user, err := tx.ByName(profile.ID{}, profile.Email, emailName(to.Email)); err == nil {
		return s.addManager(tx, who.Subject, user.ID, rec.ID)
	} else if !profile.IsKind(err, profile.NotFound) {
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
