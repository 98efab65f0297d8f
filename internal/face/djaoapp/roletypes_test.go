package djaoapp_test

import (
	"fmt"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

func TestRoleTypesAreTheSitesAndTheProfiles(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	connect(t, s, xia, "xia", "gym")
	const path = "/api/profile/gym/roles/describe"
	a := s.Get(t, xia, path).Want(200).Is(map[string]any{
		"count": 2, "results.0.slug": "manager", "results.0.title": "Profile Manager", "results.0.editable": false, "results.1.slug": "contributor", "results.1.profile": nil,
	})
	wantKeys(t, a, "results.0", "created_at", "slug", "title", "skip_optin_on_grant", "implicit_create_on_none", "otp_required", "is_global", "profile", "extra", "editable")

	s.Post(t, xia, path, `{"title":"Support Team","extra":{"a":1}}`).Want(201).
		Is(map[string]any{"slug": "support-team", "is_global": false, "editable": true, "profile.slug": "gym", "extra": map[string]any{"a": 1}})
	s.Post(t, xia, path, `{"title":"Manager"}`).Want(201) // not that one
	s.Get(t, xia, path+"?q=support").Want(200).Is(map[string]any{"count": 1})
	s.Get(t, xia, path+"/SUPPORT-TEAMS").Want(200).Is(map[string]any{"slug": "support-team"})
	if slug := s.Get(t, xia, path+"?o=-created_at&page_size=100").Want(200); slug.Text("results.3.slug") == "manager" && slug.Text("results.3.title") == "Manager" {
		t.Error("a profile's own type is called manager")
	}
	s.Put(t, xia, path+"/support-team", `{"title":"Associate"}`).Want(200).Is(map[string]any{"slug": "support-team", "title": "Associate"})
	s.Put(t, xia, path+"/support-team", `{"otp_required":true}`).WantJSON(400, `{"title":["This field is required."]}`)
	s.Patch(t, xia, path+"/support-team", `{"otp_required":true,"extra":null}`).Want(200).Is(map[string]any{"title": "Associate", "otp_required": true, "extra": nil})
	s.Get(t, xia, "/api/profile/xia/roles/describe").Want(200).Is(map[string]any{"count": 2})

	for body, want := range map[string]string{
		`{}`:                                   `{"title":["This field is required."]}`,
		`{"title":""}`:                         `{"title":["This field may not be blank."]}`,
		`{"title":"!"}`:                        `{"title":["The title must contain some alphabetical characters."]}`,
		`{"title":"a title that is too long"}`: `{"title":["Ensure this field has no more than 20 characters."]}`,
		`{"title":"A","skip_optin_on_grant":"maybe"}`: `{"skip_optin_on_grant":["Must be a valid boolean."]}`,
	} {
		s.Post(t, xia, path, body).WantJSON(400, want)
	}

	// what every profile has is the broker's to change
	for _, slug := range []string{"manager", "contributor"} {
		s.Put(t, xia, path+"/"+slug, `{"title":"Mine"}`).WantJSON(403, denied)
		s.Delete(t, xia, path+"/"+slug).WantJSON(403, denied)
		s.Delete(t, donny, path+"/"+slug).WantJSON(403, `{"detail":"The role types that every site has cannot be deleted."}`)
	}
	s.Put(t, donny, "/api/profile/cowork/roles/describe/contributor", `{"title":"Helper"}`).Want(200).Is(map[string]any{"slug": "contributor", "is_global": true})
	s.Patch(t, donny, path+"/contributor", `{"skip_optin_on_grant":true}`).Want(200)
	s.Get(t, xia, path).Want(200).Is(map[string]any{"results.0.slug": "manager", "results.1.title": "Helper", "results.1.skip_optin_on_grant": true})
	s.Post(t, donny, "/api/profile/cowork/roles/describe", `{"title":"Auditor"}`).Want(201).Is(map[string]any{"is_global": true, "profile": nil})
	s.Get(t, xia, path+"/auditor").Want(200).Is(map[string]any{"editable": false})
	s.Get(t, xia, path+"/nothing").WantJSON(404, `{"detail":"RoleDescription 'nothing' does not exist."}`)
}

func TestDeletedRoleTypeEndsItsRoles(t *testing.T) {
	s := serve(t)
	donny, xia, alice := s.Login(t, "donny"), s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	connect(t, s, alice, "alice", "shop")
	s.Post(t, donny, "/api/profile/cowork/roles/describe", `{"title":"Auditor","skip_optin_on_grant":true}`).Want(201)
	s.Post(t, alice, "/api/profile/shop/roles/describe", `{"title":"Auditor","skip_optin_on_grant":true}`).Want(201).Is(map[string]any{"slug": "auditor"})
	s.Post(t, xia, "/api/profile/gym/roles/describe", `{"title":"Guest","skip_optin_on_grant":true}`).Want(201)
	s.Post(t, xia, "/api/profile/gym/roles/auditor", `{"slug":"bob"}`).Want(201)
	s.Post(t, xia, "/api/profile/gym/roles/guest", `{"slug":"casey"}`).Want(201)
	s.Post(t, alice, "/api/profile/shop/roles/auditor", `{"slug":"bob"}`).Want(201)

	s.Delete(t, xia, "/api/profile/gym/roles/describe/guest").Want(204)
	s.Get(t, xia, "/api/profile/gym/roles").Want(200).Is(map[string]any{"count": 2})
	s.Post(t, xia, "/api/profile/gym/roles/guest", `{"slug":"bob"}`).Want(404)

	s.Delete(t, donny, "/api/profile/cowork/roles/describe/auditor").Want(204)
	s.Mails(t) // does the jobs
	s.Get(t, xia, "/api/profile/gym/roles").Want(200).Is(map[string]any{"count": 1})
	s.Get(t, alice, "/api/profile/shop/roles/auditor").Want(200).Is(map[string]any{"count": 1}) // a type of its own
}

func TestRoleTypesAreBounded(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	for i := range 100 {
		s.Post(t, xia, "/api/profile/xia/roles/describe", map[string]string{"title": fmt.Sprint("Type ", i)}).Want(201)
	}
	s.Post(t, xia, "/api/profile/xia/roles/describe", `{"title":"One more"}`).Want(400)
	s.Get(t, xia, "/api/profile/xia/roles/describe").Want(200).Is(map[string]any{"count": 102})
}

func TestRoleThatRequiresOneTimePasswordsGivesNothingWithoutThem(t *testing.T) {
	s := serve(t)
	donny, xia, alice := s.Login(t, "donny"), s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	s.Post(t, alice, "/api/users/alice/accessibles", `{"slug":"gym"}`).Want(201)
	s.Post(t, xia, "/api/profile/gym/roles/contributor", `{"slug":"alice"}`).Want(200)
	s.Patch(t, donny, "/api/profile/cowork/roles/describe/contributor", `{"otp_required":true}`).Want(200)
	s.Get(t, alice, "/api/profile/gym").WantJSON(403, denied)
	s.Get(t, alice, "/api/profile/alice").Want(200) // her own
	s.Get(t, xia, "/api/profile/gym").Want(200)     // a manager
	enableOTP(t, s, alice, "alice")
	s.Get(t, alice, "/api/profile/gym").Want(200)
	s.Patch(t, donny, "/api/profile/cowork/roles/describe/contributor", `{"otp_required":false}`).Want(200)
	s.Get(t, alice, "/api/profile/gym").Want(200)
}

// The rest of a long list of roles ends by jobs, those of a new type with the
// same name stay.
func TestRolesOfADeletedTypeEndInBoundedSteps(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	connect(t, s, xia, "xia", "gym")
	data := s.Store.Site(1)
	gym, err := data.Get(t.Context(), profile.Slug, "gym")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ on, token string }{{"gym", xia}, {"cowork", donny}} {
		path := "/api/profile/" + c.on + "/roles/describe"
		s.Post(t, c.token, path, `{"title":"Guest","skip_optin_on_grant":true}`).Want(201)
		err = data.Update(t.Context(), func(tx store.Tx) error {
			for range 1200 {
				l := &store.Link{Src: profile.NewID(s.Clock.Now()), Kind: store.RoleLink, Dst: gym.ID, Tag: "guest", State: store.LinkActive, Attrs: []byte("{}"), Created: s.Clock.Now()}
				if err := tx.AddLink(l); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Delete(t, c.token, path+"/guest").Want(204)
		s.Clock.Advance(time.Second)
		s.Post(t, c.token, path, `{"title":"Guest","skip_optin_on_grant":true}`).Want(201)
		s.Post(t, xia, "/api/profile/gym/roles/guest", `{"slug":"alice"}`).Want(201)
		for range 10 {
			s.Mails(t) // does the jobs that are due
		}
		s.Get(t, xia, "/api/profile/gym/roles/guest").Want(200).Is(map[string]any{"count": 1, "results.0.user.slug": "alice"})
		s.Delete(t, xia, "/api/profile/gym/roles/guest/alice").Want(204)
		s.Delete(t, c.token, path+"/guest").Want(204)
		s.Mails(t)
	}
}
