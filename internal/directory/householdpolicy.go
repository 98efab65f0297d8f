package directory

import "cmp"

// HouseholdPolicy is what the owner of a site decides about the people who
// share an account.
type HouseholdPolicy struct {
	Profiles      int    `json:"profiles,omitempty"`        // of an account, at most; 0 is 10
	ChildAgeLimit *int   `json:"child_age_limit,omitempty"` // years, below 18, of a child profile that names none; nil is 12
	DefaultPIN    string `json:"default_pin,omitempty"`     // known to every client; proves the first choice of an account's PIN, and nothing else; "": none does
	PrintedLinks  bool   `json:"printed_links,omitempty"`   // links have the account's uuid right after v1, as Amino's page prints them
}

// MaxMembers is how many household profiles one account has at most.
func (s *Site) MaxMembers() int { return cmp.Or(max(s.Policy().Household.Profiles, 0), maxMembers) }

func (p Policy) childAgeLimit() int {
	if years := p.Household.ChildAgeLimit; years != nil && *years >= 0 && *years < adultFrom {
		return *years
	}
	return childAgeLimit
}
