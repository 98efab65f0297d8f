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
	SessionScope   Permission = "session.scope"   // a token that may do no more than the session, the API key or the ref it is for
	UserRead       Permission = "user.read"       // a user's account
	UserProfiles   Permission = "user.profiles"   // list the profiles a user manages
	ProfileConnect Permission = "profile.connect" // create a profile with a manager
	ProfileShadow  Permission = "profile.shadow"  // create a profile without one
	ProfileRead    Permission = "profile.read"
	ProfileWrite   Permission = "profile.write" // what a person signs in by needs UserWrite too
	ProfileErase   Permission = "profile.erase" // a person who can sign in needs UserErase too
	PlanGrant      Permission = "plan.grant"    // grant a subscription to one's plan
	SubscriptionOf Permission = "subscription.read"

	PricingRead         Permission = "pricing.read"         // the plans that the site's owner offers
	PlanRead            Permission = "plan.read"            // the plans of a profile
	PlanWrite           Permission = "plan.write"           // make, change, delete them
	SubscriberRead      Permission = "subscriber.read"      // who subscribed to one's plans
	SubscriberWrite     Permission = "subscriber.write"     // change and end their subscriptions
	SubscriptionWrite   Permission = "subscription.write"   // change and end a profile's subscription
	SubscriptionRequest Permission = "subscription.request" // ask for a plan for a profile
	SubscriptionAccept  Permission = "subscription.accept"  // accept what a profile was granted

	UserWrite      Permission = "user.write"      // change a user's account, what notices it gets
	UserErase      Permission = "user.erase"      //
	UserSecret     Permission = "user.secret"     // set what proves a user: password, one-time passwords, API keys
	UserActivate   Permission = "user.activate"   // mail a user the key that completes the account
	AgreementRead  Permission = "agreement.read"  // the site's agreements, to keep them
	AgreementWrite Permission = "agreement.write" //
	AgreementSign  Permission = "agreement.sign"  // agree to one

	AccountSearch Permission = "account.search" // names and slugs of people and groups, to choose from
	ProfileList   Permission = "profile.list"   // every profile of the site
	UserPicture   Permission = "user.picture"   // give a user a picture
	ContactRead   Permission = "contact.read"   // every person of the site, and the notes about them
	ContactWrite  Permission = "contact.write"  // make people nobody can sign in as yet, note things about anybody
	NoteRead      Permission = "note.read"      // what providers noted about a profile
	NoteWrite     Permission = "note.write"     //
	ReportRead    Permission = "report.read"    // numbers and lists about the whole site

	RoleTypeRead     Permission = "roletype.read"     // the role types of a profile
	RoleTypeWrite    Permission = "roletype.write"    // make, change, delete its own
	RoleTypeGlobal   Permission = "roletype.global"   // change or delete those that every profile has
	RoleRead         Permission = "role.read"         // who is what on a profile
	RoleWrite        Permission = "role.write"        // grant, accept a request, deny, remove
	AccessibleRead   Permission = "accessible.read"   // what a user is on which profiles
	AccessibleWrite  Permission = "accessible.write"  // ask for a role, leave, decline
	AccessibleAccept Permission = "accessible.accept" // accept an invitation with its key

	SelfRead        Permission = "self.read"        // one's own profile
	SelfWrite       Permission = "self.write"       //
	IdentityRead    Permission = "identity.read"    // anybody's public profile and one's relationship to it
	IdentityBatch   Permission = "identity.batch"   // names and pictures of several
	IdentityAdmin   Permission = "identity.admin"   // change anybody's profile, disable people
	Relate          Permission = "identity.relate"  // follow, connect, block …
	CommunityCreate Permission = "community.create" //
	IdentityKeys    Permission = "identity.keys"    // the API keys of an identity
	CommunityMember Permission = "community.member" // who belongs to a community, and as what; directory.mayRank tells whom and what
	CommunityLead   Permission = "community.lead"   // act as a community towards others, hold members as muted or blocked
	CommunityHand   Permission = "community.hand"   // give a community to another owner

	IdentityVerify Permission = "identity.verify" // whether an idtag can be had
	RefRead        Permission = "ref.read"        // a ref by its key: its type, and all of one's own
	RefUse         Permission = "ref.use"         // use one up that proves an e-mail
	RefList        Permission = "ref.list"        // one's own refs; the site's need RefAdmin
	RefWrite       Permission = "ref.write"       // make, change, delete one's own refs; the site's need RefAdmin
	RefAdmin       Permission = "ref.admin"       // refs to register and to make communities with

	HouseholdRead  Permission = "household.read"  // the profiles of an account
	HouseholdWrite Permission = "household.write" // make, change, delete them, their locks and PINs
	HouseholdEnter Permission = "household.enter" // act as one of them, prove its PIN

	DocumentOwn Permission = "document.own" // one's own app documents
	DocumentAny Permission = "document.any" // everybody's
	AppWrite    Permission = "app.write"    // register apps, change their settings, delete them
	UserAdmin   Permission = "user.admin"   // read, change and list users of the site by what identifies them

	ConsoleUse    Permission = "console.use"    // the pages of the console that are everybody's own
	RecordRead    Permission = "record.read"    // any record of the site, whole, and the search for it
	RecordWrite   Permission = "record.write"   // change what its entity type governs
	RecordHistory Permission = "record.history" // what it was, and who changed it
	SessionList   Permission = "session.list"   // where somebody is signed in
	SessionDrop   Permission = "session.drop"   // sign somebody out there

	EntityCreate Permission = "entity.create"
	EntityRead   Permission = "entity.read"
	EntityFind   Permission = "entity.find"
	EntityCount  Permission = "entity.count"
	EntityUpdate Permission = "entity.update"
	EntityDelete Permission = "entity.delete"

	EntityReplace      Permission = "entity.replace"
	EntityBulkCreate   Permission = "entity.bulkcreate"
	EntityDeleteAccess Permission = "entity.deleteaccess" // end every session of a record
	EntityBulkDelete   Permission = "entity.bulkdelete"   // delete what a filter selects
	EntityPurge        Permission = "entity.purge"        // delete every record of a type
	EntityAdopt        Permission = "entity.adopt"        // give a record an element back
	EntityValues       Permission = "entity.values"       // the distinct values of an attribute
	EntityVersions     Permission = "entity.versions"     // what records were

	EntityTypeRead  Permission = "entitytype.read"  // the schemas of the site's types
	EntityTypeWrite Permission = "entitytype.write" // make, change, delete them

	PropertyRead  Permission = "property.read"  // the rules and properties of entity types
	PropertyWrite Permission = "property.write" // add and remove them; how passwords are remembered
	AccessRead    Permission = "access.read"    // the access schemas of one's own client; those of others need AccessWrite
	AccessWrite   Permission = "access.write"   // set and delete them

	ClientRead    Permission = "client.read"    // the API clients of the site, with their secrets
	ClientWrite   Permission = "client.write"   // make, change, delete them
	SettingRead   Permission = "setting.read"   // the settings of an API client and the defaults; those of others need ClientRead
	SettingWrite  Permission = "setting.write"  //
	TokenIssue    Permission = "token.issue"    // issue tokens and codes for a record; those of other clients need CreationIssue
	CreationIssue Permission = "creation.issue" // issue tokens by which records are made, also for other clients
	TokenCarry    Permission = "token.carry"    // be the client of tokens that read
	TokenWrite    Permission = "token.write"    // and that write where no access schema says what
	CreationCarry Permission = "creation.carry" // be the client of tokens by which records are made
	VerifyIssue   Permission = "verify.issue"   // issue codes that set a time in a record
	VerifyUse     Permission = "verify.use"     // use one
	RecordImport  Permission = "record.import"  // make many records of a file
	ExportOwn     Permission = "export.own"     // have everything that is held about oneself

	TokenExchange Permission = "token.exchange" // exchange a code or a refresh token for an access token

	EventRead    Permission = "event.read"    // the feed of what happened on the site
	EventKeep    Permission = "event.keep"    // how long events are kept
	WebhookRead  Permission = "webhook.read"  // where events are sent, and what could not be
	WebhookWrite Permission = "webhook.write" // make, change, delete those places, send again
)

// table is the one permission table. A restricted principal keeps only what
// lists its restriction.
//
// The relations of the profile rows are DjaoApp's "provider" rule, with the
// provider's subscription active in time, but for roles, the keys of the house:
// where a profile has people they are not a provider's to give. The features of
// the entity rows are the permission table of the Entity API's pages.
var table = map[Permission]Rule{
	Open:          {Anyone: true, Restrictions: RestrictionKinds},
	SessionStart:  {Anyone: true, Restrictions: RestrictionKinds, PerAddress: true},
	SessionRead:   {SignedIn: true, Restrictions: []RestrictionKind{ChildProfile}},
	SessionRenew:  {SignedIn: true, Restrictions: []RestrictionKind{ChildProfile, Group}}, // it stays one
	SessionEnd:    {Anyone: true, Restrictions: RestrictionKinds},
	SessionRevoke: {SignedIn: true, Session: true, Restrictions: ownKinds},
	SessionScope:  {Anyone: true, Restrictions: []RestrictionKind{ChildProfile, Group}, Scopes: []ScopeKind{FileScope}},

	UserRead:       {Relations: Self | SharedPrincipal | SharedStaff | Broker | BrokerStaff},
	UserProfiles:   {Relations: Self | SharedPrincipal | SharedStaff | Broker | BrokerStaff},
	UserWrite:      {Relations: Self | Broker, Ours: true},
	UserErase:      {Relations: Self | Broker, Ours: true},
	UserSecret:     {Relations: Self | Broker, Session: true, Ours: true},
	UserActivate:   {Relations: Self | SharedPrincipal | Broker},
	AgreementRead:  {Relations: Broker | BrokerStaff},
	AgreementWrite: {Relations: Broker},
	AgreementSign:  {SignedIn: true},
	ProfileConnect: {Relations: Self | Broker},
	ProfileShadow:  {SignedIn: true},
	ProfileRead:    {Relations: Manager | Contributor | Provider | ProviderStaff | Broker | BrokerStaff},
	ProfileWrite:   {Relations: Manager | Provider | Broker},
	ProfileErase:   {Relations: Manager | ShadowProvider | Broker},
	PlanGrant:      {Relations: Manager | Broker},
	SubscriptionOf: {Relations: Manager | Contributor | Provider | ProviderStaff | Broker | BrokerStaff},

	PricingRead:         {Anyone: true, Restrictions: RestrictionKinds},
	PlanRead:            {Relations: Manager | Contributor | Broker | BrokerStaff},
	PlanWrite:           {Relations: Manager | Broker},
	SubscriberRead:      {Relations: Manager | Contributor | Broker | BrokerStaff},
	SubscriberWrite:     {Relations: Manager | Broker},
	SubscriptionWrite:   {Relations: Manager | Provider | Broker},
	SubscriptionRequest: {Relations: Manager | ShadowBroker},
	SubscriptionAccept:  {Relations: Manager | ShadowBroker},

	AccountSearch: {SignedIn: true},
	ProfileList:   {Relations: Broker | BrokerStaff},
	UserPicture:   {Relations: Self | SharedPrincipal | Broker},
	ContactRead:   {Relations: Broker | BrokerStaff},
	ContactWrite:  {Relations: Broker},
	NoteRead:      {Relations: Provider | ProviderStaff | Broker | BrokerStaff},
	NoteWrite:     {Relations: Provider | Broker},
	ReportRead:    {Relations: Broker | BrokerStaff},

	RoleTypeRead:     {Relations: Manager | Contributor | Broker | BrokerStaff},
	RoleTypeWrite:    {Relations: Manager | Broker},
	RoleTypeGlobal:   {Relations: Broker},
	RoleRead:         {Relations: Manager | Contributor | Provider | ProviderStaff | Broker | BrokerStaff},
	RoleWrite:        {Relations: Manager | ShadowProvider | Broker | Leader | Moderator}, // those of a community by rank
	AccessibleRead:   {Relations: Self | SharedPrincipal | SharedStaff | Broker | BrokerStaff},
	AccessibleWrite:  {Relations: Self | Broker},
	AccessibleAccept: {Relations: Self},

	SelfRead:        {Relations: Self, Restrictions: []RestrictionKind{ChildProfile, Group}},
	SelfWrite:       {Relations: Self},
	IdentityRead:    {SignedIn: true, Restrictions: []RestrictionKind{Group}},
	IdentityBatch:   {SignedIn: true, Restrictions: []RestrictionKind{Scoped, Group}},
	IdentityAdmin:   {Relations: Broker},
	IdentityKeys:    {Relations: Self | Manager | Leader, Session: true, Ours: true}, // whose: directory.keyHolder
	Relate:          {SignedIn: true},
	CommunityCreate: {SignedIn: true},
	CommunityMember: {Relations: Manager | Leader | Moderator | Broker},
	CommunityLead:   {Relations: Manager | Leader | Broker},
	CommunityHand:   {Relations: Manager | Broker},

	IdentityVerify: {Anyone: true, Restrictions: RestrictionKinds, PerAddress: true},
	RefRead:        {Anyone: true, Restrictions: RestrictionKinds, PerAddress: true},
	RefUse:         {Anyone: true, Restrictions: RestrictionKinds, PerAddress: true},
	RefList:        {SignedIn: true},
	RefWrite:       {SignedIn: true},
	RefAdmin:       {Relations: Broker},

	HouseholdRead:  {Relations: Self | Broker, Restrictions: []RestrictionKind{ChildProfile}},
	HouseholdWrite: {Relations: Self | Broker},
	HouseholdEnter: {Relations: Self, Session: true, Restrictions: []RestrictionKind{ChildProfile}},

	DocumentOwn: {Relations: Self, Restrictions: []RestrictionKind{ChildProfile}}, // whose: directory.DocumentCall
	DocumentAny: {Relations: Broker},
	AppWrite:    {Relations: Broker},
	UserAdmin:   {Relations: Broker},

	ConsoleUse:    {SignedIn: true, Session: true, Ours: true},
	RecordRead:    {Relations: Broker | BrokerStaff},
	RecordWrite:   {Relations: Broker, Session: true, Ours: true},
	RecordHistory: {Relations: Broker | BrokerStaff},
	SessionList:   {Relations: Self | Broker, Session: true, Ours: true},
	SessionDrop:   {Relations: Self | Broker, Session: true, Ours: true},

	EntityCreate: {Features: []Feature{Owner, DirectAccess}, Restrictions: []RestrictionKind{Creation}},
	EntityRead:   {Features: []Feature{Owner, DirectAccess, DirectReadAccess}, Token: true, Restrictions: []RestrictionKind{ClientSchema}},
	EntityFind:   {Features: []Feature{Owner, DirectAccess, DirectReadAccess}},
	EntityCount:  {Features: []Feature{Owner}},
	EntityUpdate: {Features: []Feature{Owner, DirectAccess}, Token: true, Restrictions: []RestrictionKind{ClientSchema}},
	EntityDelete: {Features: []Feature{Owner, DirectAccess}, Token: true, Restrictions: []RestrictionKind{ClientSchema}},

	EntityReplace:      {Features: []Feature{Owner, DirectAccess}, Token: true, Restrictions: []RestrictionKind{ClientSchema}},
	EntityBulkCreate:   {Features: []Feature{Owner, DirectAccess}},
	EntityDeleteAccess: {Features: []Feature{Owner, DirectAccess}},
	EntityBulkDelete:   {Features: []Feature{Owner}},
	EntityPurge:        {Features: []Feature{Owner}},
	EntityAdopt:        {Features: []Feature{Owner, DirectAccess}},
	EntityValues:       {Features: []Feature{Owner, DirectAccess, DirectReadAccess}},
	EntityVersions:     {Features: []Feature{Owner, DirectAccess, DirectReadAccess}},

	RecordImport: {Relations: Broker, Features: []Feature{Owner}},
	ExportOwn:    {Relations: Self, Session: true, Ours: true},

	EntityTypeRead:  {Features: []Feature{Owner}},
	EntityTypeWrite: {Features: []Feature{Owner}},

	PropertyRead:  {Features: []Feature{Owner}},
	PropertyWrite: {Features: []Feature{Owner}},
	AccessRead:    {Features: everyFeature},
	AccessWrite:   {Features: []Feature{Owner}},

	ClientRead:    {Features: []Feature{Owner}},
	ClientWrite:   {Features: []Feature{Owner}},
	SettingRead:   {Features: everyFeature},
	SettingWrite:  {Features: []Feature{Owner}},
	TokenIssue:    {Features: []Feature{Owner, AccessIssuer, DirectAccess}},
	CreationIssue: {Features: []Feature{Owner, AccessIssuer}},
	TokenCarry:    {Features: everyFeature},
	TokenWrite:    {Features: []Feature{Owner, AccessIssuer, DirectAccess}},
	CreationCarry: {Features: []Feature{Owner, AccessIssuer, DirectAccess, LoginClient}},
	VerifyIssue:   {Features: []Feature{Owner, AccessIssuer, DirectAccess}},
	VerifyUse:     {Anyone: true, Restrictions: RestrictionKinds},
	TokenExchange: {Features: everyFeature},

	EventRead:    {Relations: Broker, Features: []Feature{Owner}},
	EventKeep:    {Relations: Broker, Session: true, Ours: true, Features: []Feature{Owner}},
	WebhookRead:  {Relations: Broker, Features: []Feature{Owner}},
	WebhookWrite: {Relations: Broker, Session: true, Ours: true, Features: []Feature{Owner}},
}

// ownKinds are the restrictions of sessions that people, and communities, have
// for themselves. Tokens of API clients are for the entity face alone.
var ownKinds = []RestrictionKind{ChildProfile, Scoped, Group}

// everyFeature has the features that let a client do something; metadata and
// image_create only change how.
var everyFeature = []Feature{Owner, AccessIssuer, DirectAccess, DirectReadAccess, LoginClient}
