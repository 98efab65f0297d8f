package djaoapp

import "facet/internal/directory"

// userRead is a user's account, with the newest notes about the person for who
// may read them.
type userRead struct {
	userDetail
	Activities []activity `json:"activities,omitzero"`
}

// userAnswer is a user's account, and what was done.
type userAnswer struct {
	userDetail
	Detail string `json:"detail"`
}

// publicSession is who calls, and their active roles.
type publicSession struct {
	userDetail
	LastVisited string       `json:"last_visited"`
	Roles       []accessible `json:"roles"`
}

// notifications are the slugs of the notices that a user does not want.
type notifications struct {
	Notifications []string `json:"notifications"`
}

// otpKey is told once.
type otpKey struct {
	PrivKey         string `json:"priv_key"`         // base32
	ProvisioningURI string `json:"provisioning_uri"` // otpauth://totp/…, for authenticators
}

// apiKey is what is shown of an API key.
type apiKey struct {
	Title     string `json:"title"`
	APIPubKey string `json:"api_pub_key"` // the first half, 32 characters
	EndsAt    string `json:"ends_at"`
}

// secretAnswer is a whole API key, told once: 64 characters.
type secretAnswer struct {
	Secret string `json:"secret"`
}

// agreement is what people may have to sign.
type agreement struct {
	Slug      string `json:"slug"`
	Title     string `json:"title"`
	UpdatedAt string `json:"updated_at"`
}

// agreementDetail is an agreement with its text.
type agreementDetail struct {
	agreement
	Text string `json:"text"`
}

// signedAgreement tells when one was signed.
type signedAgreement struct {
	ReadTerms  bool   `json:"read_terms"`
	LastSigned string `json:"last_signed"`
}

func agreementOf(a *directory.Agreement) agreement {
	return agreement{a.Slug, a.Title, iso(a.Updated)}
}

func agreementDetailOf(a *directory.Agreement) agreementDetail {
	return agreementDetail{agreementOf(a), a.Text}
}
