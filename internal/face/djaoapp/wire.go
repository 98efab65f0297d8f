package djaoapp

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// The published JSON, its members in the order that DjaoApp sends them (API
// reference, "Organization", "User", "Subscription", "Plan"). Times are ISO 8601
// in UTC with a Z; null where a thing is not set, "" where DjaoApp has "".

// organization is the summary of a profile.
type organization struct {
	Slug          string  `json:"slug"`
	PrintableName string  `json:"printable_name"`
	Picture       *string `json:"picture"`     // URL
	Type          string  `json:"type"`        // personal, organization
	Credentials   bool    `json:"credentials"` // somebody can sign in as it
	CreatedAt     string  `json:"created_at"`
}

// organizationDetail is a profile.
type organizationDetail struct {
	organization
	FullName        string         `json:"full_name"`
	Email           string         `json:"email"`
	Phone           string         `json:"phone"`
	StreetAddress   string         `json:"street_address"`
	Locality        string         `json:"locality"`
	Region          string         `json:"region"`
	PostalCode      string         `json:"postal_code"`
	Country         string         `json:"country"`          // ISO 3166-1 alpha-2
	DefaultTimezone string         `json:"default_timezone"` // IANA name
	NoImplicitRole  bool           `json:"no_implicit_role"`
	IsProvider      bool           `json:"is_provider"` // owns plans, or the site
	IsBulkBuyer     bool           `json:"is_bulk_buyer"`
	Extra           jsontext.Value `json:"extra"`
}

// profileDetail is a profile with its subscriptions, those that ended too.
// Persons have the two names of theirs.
type profileDetail struct {
	organizationDetail
	Subscriptions []profileSubscription `json:"subscriptions"`
	NickName      *string               `json:"nick_name,omitzero"`
	Lang          *string               `json:"lang,omitzero"`
	Detail        string                `json:"detail,omitempty"` // what was done
}

type profileSubscription struct {
	CreatedAt string      `json:"created_at"`
	EndsAt    string      `json:"ends_at"`
	Plan      planSummary `json:"plan"`
	AutoRenew bool        `json:"auto_renew"`
}

// userDetail is a user's account.
type userDetail struct {
	Slug          string  `json:"slug"`
	Username      string  `json:"username"`
	PrintableName string  `json:"printable_name"`
	Picture       *string `json:"picture"`
	Email         string  `json:"email"`
	Phone         string  `json:"phone"`
	FullName      string  `json:"full_name"`
	NickName      string  `json:"nick_name"`
	Lang          string  `json:"lang"`
	Credentials   bool    `json:"credentials"`
	OTPEnabled    bool    `json:"otp_enabled"`
	CreatedAt     string  `json:"created_at"`
	LastLogin     *string `json:"last_login"` // null: never
}

type planSummary struct {
	Slug  string `json:"slug"`
	Title string `json:"title"`
}

// planDetail is a plan. Amounts are in cents of unit.
type planDetail struct {
	planSummary
	Description      string       `json:"description"`
	IsActive         bool         `json:"is_active"`
	SetupAmount      int64        `json:"setup_amount"`
	PeriodAmount     int64        `json:"period_amount"`
	PeriodType       string       `json:"period_type"` // hourly, daily, weekly, monthly, yearly
	AdvanceDiscounts []struct{}   `json:"advance_discounts"`
	UseCharges       []struct{}   `json:"use_charges"`
	Unit             string       `json:"unit"` // ISO 4217, lower case
	Profile          organization `json:"profile"`
	Extra            *string      `json:"extra"`
	PeriodLength     int          `json:"period_length"`
	RenewalType      string       `json:"renewal_type"` // one-time, auto-renew, repeat
	IsNotPriced      bool         `json:"is_not_priced"`
	CreatedAt        string       `json:"created_at"`
	SkipOptinOnGrant bool         `json:"skip_optin_on_grant"`
	OptinOnRequest   bool         `json:"optin_on_request"`
}

// subscription is a subscriber's subscription.
type subscription struct {
	subscriptionBase[organization, planSummary]
	AppURL string `json:"app_url"`
}

// grantedSubscription is a subscription as its provider sees it.
type grantedSubscription = subscriptionBase[organizationDetail, planDetail]

// subscriptionBase is what all forms of a subscription have. A key is there
// while the subscriber, or the provider, has to accept; what is shown is a
// fingerprint of it.
type subscriptionBase[Profile, Plan any] struct {
	CreatedAt   string  `json:"created_at"`
	EndsAt      string  `json:"ends_at"`
	Description *string `json:"description"`
	Profile     Profile `json:"profile"`
	Plan        Plan    `json:"plan"`
	AutoRenew   bool    `json:"auto_renew"`
	Extra       *string `json:"extra"`
	GrantKey    *string `json:"grant_key"`
	RequestKey  *string `json:"request_key"`
}

// tokenAnswer carries a token.
type tokenAnswer struct {
	Token string `json:"token"`
}

// timeForm is ISO 8601 in UTC with microseconds.
const timeForm = "2006-01-02T15:04:05.999999Z"

func iso(t time.Time) string { return t.UTC().Format(timeForm) }

// orNull gives nil for "".
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func organizationOf(p *directory.Subject) organization {
	return organization{
		Slug: p.Slug, PrintableName: printableName(p), Picture: orNull(p.Picture()),
		Type: typeOf(p), Credentials: p.Password != "", CreatedAt: iso(p.Created),
	}
}

// typeOf names what a profile is: a person's is personal, also one that nobody
// can sign in as.
func typeOf(p *directory.Subject) string {
	if p.Type == profile.User {
		return "personal"
	}
	return "organization"
}

// printableName is what to call a subject: a person's nick name goes first.
func printableName(p *directory.Subject) string {
	if nick := extraText(p, extraNickName); nick != "" && p.Type == profile.User {
		return nick
	}
	return p.FullName()
}

func extraText(p *directory.Subject, key string) string { return p.ExtraText(name + "." + key) }

func extraTrue(p *directory.Subject, key string) bool { return string(p.Extra(name+"."+key)) == "true" }

func organizationDetailOf(p *directory.Subject) organizationDetail {
	d := organizationDetail{
		organization:  organizationOf(p),
		FullName:      p.FullName(),
		Email:         p.Text(pathOf("email")),
		Phone:         p.Text(pathOf("phone")),
		StreetAddress: p.Text(pathOf("street_address")),
		Locality:      p.Text(pathOf("locality")),
		Region:        p.Text(pathOf("region")),
		PostalCode:    p.Text(pathOf("postal_code")),
		Country:       p.Text(pathOf("country")),

		DefaultTimezone: extraText(p, extraTimeZone),
		NoImplicitRole:  extraTrue(p, extraNoRole),
		IsProvider:      p.Provider,
		IsBulkBuyer:     extraTrue(p, extraBulkBuyer),
		Extra:           jsontext.Value(p.Extra(name + "." + extraExtra)),
	}
	if d.DefaultTimezone == "" {
		d.DefaultTimezone = "UTC"
	}
	return d
}

func profileDetailOf(p *directory.Detail, detail string) profileDetail {
	d := profileDetail{organizationDetail: organizationDetailOf(&p.Subject), Detail: detail}
	d.Subscriptions = make([]profileSubscription, 0, len(p.Subscriptions))
	for _, s := range p.Subscriptions {
		d.Subscriptions = append(d.Subscriptions, profileSubscription{
			CreatedAt: iso(s.Created), EndsAt: iso(s.Ends), Plan: planSummary{s.Plan.Slug, s.Plan.Title}, AutoRenew: s.AutoRenew,
		})
	}
	if p.Type == profile.User {
		nick, lang := extraText(&p.Subject, extraNickName), extraText(&p.Subject, extraLang)
		d.NickName, d.Lang = &nick, &lang
	}
	return d
}

func userDetailOf(u *directory.Subject) userDetail {
	d := userDetail{
		Slug: u.Slug, Username: u.Slug, PrintableName: printableName(u), Picture: orNull(u.Picture()),
		Email: u.Text(pathOf("email")), Phone: u.Text(pathOf("phone")), FullName: u.FullName(),
		NickName: extraText(u, extraNickName), Lang: extraText(u, extraLang),
		Credentials: u.Password != "", CreatedAt: iso(u.Created),
	}
	if !u.LastLogin.IsZero() {
		at := iso(u.LastLogin)
		d.LastLogin = &at
	}
	return d
}

func planDetailOf(p *directory.Plan) planDetail {
	return planDetail{
		planSummary: planSummary{p.Slug, p.Title}, Description: p.Description, IsActive: p.Active,
		SetupAmount: p.SetupAmount, PeriodAmount: p.PeriodAmount, PeriodType: p.PeriodType, Unit: p.Unit,
		AdvanceDiscounts: []struct{}{}, UseCharges: []struct{}{},
		Profile: organizationOf(&p.Provider), PeriodLength: max(p.PeriodLength, 1), RenewalType: p.RenewalType,
		IsNotPriced: p.NotPriced, CreatedAt: iso(p.Created), SkipOptinOnGrant: p.SkipOptin, OptinOnRequest: p.RequestOptin,
	}
}

func subscriptionBaseOf[Profile, Plan any](s *directory.Subscription, p Profile, plan Plan) subscriptionBase[Profile, Plan] {
	return subscriptionBase[Profile, Plan]{
		CreatedAt: iso(s.Created), EndsAt: iso(s.Ends), Description: orNull(s.Description), Profile: p, Plan: plan,
		AutoRenew: s.AutoRenew, GrantKey: orNull(s.Grant), RequestKey: orNull(s.Request),
	}
}

// write answers with a value as JSON.
func write(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	face.WriteJSON(w, status, b)
	return nil
}
