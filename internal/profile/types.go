package profile

// Type is the kernel's type of a record. Ours begin with "$"; a customer's own
// entity type is stored under its plain name.
type Type string

// The types of record that Facet itself keeps.
const (
	User         Type = "$user"         // a person, with or without a sign-in
	Organization Type = "$organization" // also a shadow profile, when nobody has a role on it
	Community    Type = "$community"
	Household    Type = "$household" // a household member; owned by a user
	Document     Type = "$document"  // one JSON document of one app; owned by a user or household profile
	Plan         Type = "$plan"      // owned by the organization that provides it
	App          Type = "$app"
	Import       Type = "$import"   // many documents that count from one moment on, or never
	MoveIn       Type = "$movein"   // a file of records that an operator imports
	MoveOut      Type = "$moveout"  // a person's own export; owned by the person
	Client       Type = "$client"   // an API client of the entity face
	Settings     Type = "$settings" // of an API client, which owns it, or the defaults of the site
	RoleType     Type = "$role"
	Agreement    Type = "$agreement"
	Note         Type = "$note"    // what a provider or operator noted about a subject; owned by it
	EntityType   Type = "$type"    // a site's change to the schema of a type
	Webhook      Type = "$webhook" // where a site's events are sent
)

// IsSubject reports whether records of the type stand for a person or a group:
// what has a slug, may hold links and is erased rather than deleted.
func (t Type) IsSubject() bool { return t == User || t == Organization || t == Community }

// Space is a name space: within one, a value finds at most one record.
type Space string

// The name spaces.
const (
	Slug      Space = "slug"   // user names and profile slugs of a site
	Email     Space = "email"  // claimed by every $user
	Phone     Space = "phone"  // verified sign-in phones only, E.164
	Number    Space = "number" // decimal; entity id = tnId = user_id
	UUID      Space = "uuid"   // imported ids whose bucket is not their own
	IDTag     Space = "idtag"  // explicit ones, unique across sites; under the site's domain the slug is the idtag
	PlanSlug  Space = "plan"
	PlanTitle Space = "title" // owned: one title among a provider's plans
	RoleSlug  Space = "role"  // owned: the role types of a profile; the broker's are global
	ClientID  Space = "client"
	Setting   Space = "settings" // owned: the one record of a client's settings, value ""; the site's is "default"
	APIKey    Space = "apikey"   // SHA-256 of a user's API key, hex
	Terms     Space = "terms"    // slugs of agreements
	TypeName  Space = "type"
	Place     Space = "place"  // of records of which a site has few: their type and a number
	Ticket    Space = "ticket" // SHA-256 of a ticket's key, hex

	HouseholdName  Space = "household"    // owned: one name a household
	HouseholdMain  Space = "default"      // owned: the one default profile, value ""
	DocumentApp    Space = "document"     // owned: one document per app
	Subscribed     Space = "subscription" // owned by the subscriber: one current subscription a plan
	Requested      Space = "request"      // owned by the plan: the key of a request, of the subscriber
	CommunityOwner Space = "owner"        // owned: the one owner of a community, value ""
)

// UniqueAttribute is the name space of a unique attribute of an entity type.
func UniqueAttribute(t Type, path string) Space { return Space("attr:" + string(t) + ":" + path) }

// Name is a value, unique in its space, that finds a record.
type Name struct {
	Space Space  `json:"s"`
	Value string `json:"v"`           // folded: what is compared
	Typed string `json:"t,omitempty"` // as typed, when that differs from Value
	Owned bool   `json:"o,omitempty"` // unique among the records of one owner, not in the site
}

// AsTyped gives the name the way its owner wrote it.
func (n Name) AsTyped() string {
	if n.Typed != "" {
		return n.Typed
	}
	return n.Value
}

// State tells whether a record can act.
type State string

// The states of a record. Erased records are gone; only a tombstone stays.
const (
	Active   State = "active"
	Disabled State = "disabled" // reversible: every session is stopped, sign-in refused
	Banned   State = "banned"   // disabled, and not shown to others either
)
