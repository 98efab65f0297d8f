package access

// The permissions. A name is "thing.what"; routes and directory use the
// constants, so that a typing error does not compile.
const (
	Open Permission = "open" // health, documents, key sets

	SessionStart   Permission = "session.start"   // sign in, register, redeem a ticket
	SessionRead    Permission = "session.read"    // one's own session
	SessionRenew   Permission = "session.renew"   // exchange or refresh
	SessionEnd     Permission = "session.end"     // sign out, without an error where nobody is signed in
	SessionRevoke  Permission = "session.revoke"  // end one's session by its token
	UserRead       Permission = "user.read"       // a user's account
	UserProfiles   Permission = "user.profiles"   // list the profiles a user manages
	ProfileConnect Permission = "profile.connect" // create a profile with a manager
	ProfileShadow  Permission = "profile.shadow"  // create a profile without one
	ProfileRead    Permission = "profile.read"
	ProfileWrite   Permission = "profile.write"
	ProfileErase   Permission = "profile.erase"
	PlanGrant      Permission = "plan.grant" // grant a subscription to one's plan
	SubscriptionOf Permission = "subscription.read"

	EntityCreate Permission = "entity.create"
	EntityRead   Permission = "entity.read"
	EntityFind   Permission = "entity.find"
	EntityCount  Permission = "entity.count"
	EntityUpdate Permission = "entity.update"
	EntityDelete Permission = "entity.delete"
)

// table is the one permission table. A restricted principal keeps only what
// lists its restriction.
//
// The relations of the profile rows are DjaoApp's "provider" rule, with the
// provider's subscription active in time; the features of the entity rows are
// the permission table of the Entity API's pages.
var table = map[Permission]Rule{
	Open:          {Anyone: true, Restrictions: RestrictionKinds},
	SessionStart:  {Anyone: true, Restrictions: RestrictionKinds},
	SessionRead:   {SignedIn: true, Restrictions: RestrictionKinds},
	SessionRenew:  {SignedIn: true},
	SessionEnd:    {Anyone: true, Restrictions: RestrictionKinds},
	SessionRevoke: {SignedIn: true, Restrictions: RestrictionKinds},

	UserRead:       {Relations: Self | SharedPrincipal | Broker},
	UserProfiles:   {Relations: Self | SharedPrincipal | Broker},
	ProfileConnect: {Relations: Self | Broker},
	ProfileShadow:  {SignedIn: true},
	ProfileRead:    {Relations: Manager | Contributor | Provider | ProviderStaff | Broker | BrokerStaff},
	ProfileWrite:   {Relations: Manager | Provider | Broker},
	ProfileErase:   {Relations: Manager | ShadowProvider | Broker},
	PlanGrant:      {Relations: Manager | Broker},
	SubscriptionOf: {Relations: Manager | Contributor | Provider | ProviderStaff | Broker | BrokerStaff},

	EntityCreate: {Features: []Feature{Owner, DirectAccess}},
	EntityRead:   {Features: []Feature{Owner, DirectAccess, DirectReadAccess}, Token: true, Restrictions: []RestrictionKind{ClientSchema}},
	EntityFind:   {Features: []Feature{Owner, DirectAccess, DirectReadAccess}},
	EntityCount:  {Features: []Feature{Owner}},
	EntityUpdate: {Features: []Feature{Owner, DirectAccess}},
	EntityDelete: {Features: []Feature{Owner, DirectAccess}},
}
