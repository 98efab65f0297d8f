package cloudillo

import (
	"net/netip"
	"time"

	"facet/internal/directory"
)

// verification is POST /api/profiles/verify.
type verification struct {
	Available         bool     `json:"available"`
	IDTag             string   `json:"idTag"`
	Address           []string `json:"address"`               // this server's own, as its operator says
	AddressType       string   `json:"addressType,omitempty"` // of the first: ipv4, ipv6, hostname
	IDTagError        string   `json:"idTagError"`            // "", invalid, used, nodns, address
	AppDomainError    string   `json:"appDomainError"`        // likewise
	APIAddress        string   `json:"apiAddress,omitempty"`  // what cl-o.<idTag> leads to
	APIAddressType    string   `json:"apiAddressType,omitempty"`
	AppAddress        string   `json:"appAddress,omitempty"` // what the app's domain leads to
	AppAddressType    string   `json:"appAddressType,omitempty"`
	IdentityProviders []string `json:"identityProviders"` // domains that idtags may be had under
}

func verificationOf(s *directory.Site, idTag string, check directory.IdentityCheck) verification {
	out := verification{
		IDTag: idTag, IDTagError: string(check.IDTagError), AppDomainError: string(check.AppDomainError),
		Address: append([]string{}, s.LocalAddresses()...), IdentityProviders: []string{s.Domain()},
	}
	out.Available = out.IDTagError == "" && out.AppDomainError == ""
	if len(out.Address) > 0 {
		out.AddressType = addressType(out.Address[0])
	}
	out.APIAddress, out.APIAddressType = addressOf(check.APIAddress)
	out.AppAddress, out.AppAddressType = addressOf(check.AppAddress)
	return out
}

func addressOf(ip netip.Addr) (text, kind string) {
	if !ip.IsValid() {
		return "", ""
	}
	return ip.String(), addressType(ip.String())
}

func addressType(address string) string {
	switch ip, err := netip.ParseAddr(address); {
	case err != nil:
		return "hostname"
	case ip.Unmap().Is4():
		return "ipv4"
	}
	return "ipv6"
}

// ref is what /api/refs answers with; of a ref that is not the caller's only id
// and type are there.
type ref struct {
	RefID       string            `json:"refId"`
	Type        directory.RefType `json:"type"`
	Description string            `json:"description,omitempty"`
	CreatedAt   string            `json:"createdAt,omitempty"`
	ExpiresAt   string            `json:"expiresAt,omitempty"` // not there: never
	Count       *int64            `json:"count,omitempty"`     // uses left; not there: any number
	ResourceID  string            `json:"resourceId,omitempty"`
	AccessLevel string            `json:"accessLevel,omitempty"` // read, comment, write
	Params      string            `json:"params,omitempty"`
}

func refOf(r *directory.Ref) ref {
	out := ref{
		RefID: r.ID, Type: r.Type, Description: r.Description, CreatedAt: iso(r.Created), ExpiresAt: isoOr(r.Expires),
		ResourceID: r.ResourceID, AccessLevel: r.AccessLevel, Params: r.Params,
	}
	if r.Uses >= 0 {
		out.Count = &r.Uses
	}
	return out
}

// isoOr is iso, "" for no time.
func isoOr(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return iso(t)
}

// communityInvite is POST /api/admin/invite-community.
type communityInvite struct {
	RefID       string `json:"refId"`
	InviteURL   string `json:"inviteUrl"`
	TargetIDTag string `json:"targetIdTag"`
	ExpiresAt   int64  `json:"expiresAt"` // seconds since 1970
}

// enrolment is …/idp-status.
type enrolment struct {
	Status       string `json:"status"` // pending, active
	ExpiresAt    string `json:"expiresAt"`
	ProviderName string `json:"providerName,omitempty"`
	Email        string `json:"email,omitempty"`
	Onboarding   string `json:"onboarding,omitempty"` // verify-idp: what has to be done before all else
}

// enrolmentOf shows how far somebody is. What does not end ends, as the live
// system has it, in 1970.
func enrolmentOf(s *directory.Site, in directory.Enrolment) enrolment {
	if !in.Pending {
		return enrolment{Status: "active", ExpiresAt: iso(time.Unix(0, 0)), Email: in.Email}
	}
	return enrolment{
		Status: "pending", ExpiresAt: isoOr(in.Expires), ProviderName: s.Policy().Title, Email: in.Email, Onboarding: "verify-idp",
	}
}

// provider is GET /api/idp/info.
type provider struct {
	Domain string `json:"domain"`
	Name   string `json:"name"`
	Info   string `json:"info"` // for people
	URL    string `json:"url,omitempty"`
}

// availability is GET /api/idp/check-availability, in both spellings.
type availability struct {
	Available bool   `json:"available"`
	IDTag     string `json:"idTag"`
	IDTagToo  string `json:"id_tag"`
}

// hosted is POST /api/idp/activate.
type hosted struct {
	IDTag          string `json:"idTag"`
	Email          string `json:"email,omitempty"`
	RegistrarIDTag string `json:"registrarIdTag"`
	DynDNS         bool   `json:"dyndns"`
	Status         string `json:"status"`
	CreatedAt      string `json:"createdAt"`
	UpdatedAt      string `json:"updatedAt"`
}
