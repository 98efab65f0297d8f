package directory

import (
	"context"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// NewClient is what an API client of the entity face is made from.
type NewClient struct {
	Description string
	Features    []access.Feature // none: it may do nothing yet
	ID, Secret  string           // made up when empty: 32 lower-case letters and digits
	Whitelist   []string         // CIDR blocks that may call; all when empty
}

// Client is an API client of the entity face.
type Client struct {
	ID          string
	Secret      string // right after it was made, and for who may manage clients
	Description string
	Features    []access.Feature
	Whitelist   []string
	Created     time.Time
}

// clientAttrs is what a client's record holds.
type clientAttrs struct {
	Description string           `json:"description"`
	Features    []access.Feature `json:"features"`
	Whitelist   []string         `json:"whitelist"`
}

const (
	clientSecret = "client"
	anyAddress   = "0.0.0.0/0" // as the API prints "everybody"; holds for IPv6 too
)

var knownFeatures = []access.Feature{
	access.Owner, access.AccessIssuer, access.DirectAccess, access.DirectReadAccess, access.LoginClient, access.Metadata, access.ImageCreate,
}

// AddClient makes an API client, for the command line. Errors: Invalid with
// Field "features", "whitelist" or "description", Taken when the id is in use.
func (s *Site) AddClient(ctx context.Context, in NewClient) (Client, error) {
	return s.addClient(ctx, profile.ID{}, in)
}

// maxClients is how many API clients a site may have: they are listed whole.
const maxClients = 1000

func (s *Site) addClient(ctx context.Context, actor profile.ID, in NewClient) (Client, error) {
	if in.ID == "" {
		in.ID = credential.NewAlnum(32)
	}
	if in.Secret == "" {
		in.Secret = credential.NewAlnum(32)
	}
	if len(in.Whitelist) == 0 {
		in.Whitelist = []string{anyAddress}
	}
	var err error
	if in.Features, err = checkFeatures(in.Features); err != nil {
		return Client{}, err
	}
	if _, err := prefixes(in.Whitelist); err != nil {
		return Client{}, err
	}
	if err := checkDescription(in.Description); err != nil {
		return Client{}, err
	}
	rec, err := s.draft(ctx, profile.Client, profile.ID{}, actor)
	if err != nil {
		return Client{}, err
	}
	rec.Attrs = marshal(clientAttrs{in.Description, in.Features, in.Whitelist})
	rec.Names = append(rec.Names, profile.Name{Space: profile.ClientID, Value: in.ID})
	sealed := s.d.dataKey.Seal([]byte(in.Secret), []byte(clientSecret))
	full := profile.E(profile.TooLarge, profile.CodeTooLarge, "", "a site has %d API clients at most", maxClients)
	names := rec.Names
	err = untilPlaced(func() error {
		return s.data.Update(ctx, func(tx store.Tx) error {
			n, err := tx.Count(profile.Client)
			if err != nil {
				return err
			}
			if err := createWithin(tx, rec, names, n, maxClients, full, s.event(actor, "client.created", rec.ID)); err != nil {
				return err
			}
			return tx.PutSecret(&store.Secret{Subject: rec.ID, Kind: clientSecret, Data: sealed, Created: rec.Created})
		})
	})
	return Client{in.ID, in.Secret, in.Description, in.Features, in.Whitelist, rec.Created}, err
}

// Clients lists the API clients in the order of their making, without their
// secrets, for the command line.
func (s *Site) Clients(ctx context.Context) (out []Client, err error) {
	err = s.data.View(ctx, func(r store.Reader) (err error) {
		out, _, err = clientsOf(r)
		return err
	})
	return out, err
}
