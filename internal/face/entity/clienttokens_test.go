package entity_test

import (
	"strconv"
	"testing"

	"facet/internal/access"
	"facet/internal/directory"
)

func TestATokenLosesAtOnceWhatItsClientLost(t *testing.T) {
	type step struct {
		issuer bool   // whose features are set: those of the client that issues
		to     string // what they are set to
		reads  bool
		writes bool
		makes  bool // by the creation token
	}
	for _, c := range []struct {
		name           string
		client, issuer access.Feature
		steps          []step
	}{
		{"a client that issues for itself", access.Owner, "", []step{
			{false, `["owner","direct_access"]`, true, true, true},
			{false, `["access_issuer"]`, true, true, true},
			{false, `["direct_access"]`, true, true, false},        // it may issue no creation tokens now
			{false, `["direct_read_access"]`, false, false, false}, // nor any others
			{false, `["login_client"]`, false, false, false},
			{false, `["metadata"]`, false, false, false},
			{false, `[]`, false, false, false},
		}},
		{"a login_client that another one issues for", access.LoginClient, access.AccessIssuer, []step{
			{false, `["login_client"]`, true, false, true},
			{false, `["direct_access"]`, true, true, true},
			{false, `["direct_read_access"]`, true, false, false},
			{false, `[]`, false, false, false},
			{false, `["login_client"]`, true, false, true},
			{true, `["direct_access"]`, true, false, false}, // it may issue access tokens only
			{true, `["direct_read_access"]`, false, false, false},
			{true, `[]`, false, false, false},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startOwn(t)
			uuid := s.user(t, `{"displayName":"Ann"}`)
			client := s.client(t, c.client)
			issuer := client
			if c.issuer != "" {
				issuer = s.client(t, c.issuer)
			}
			token := wantOK(t, s.by(t, issuer, "access/getAccessToken", "type_name", "user", "uuid", uuid, "for_client_id", client.ID)).Text("accessToken")
			creation := wantOK(t, s.by(t, issuer, "access/getCreationToken", "type_name", "user", "for_client_id", client.ID)).Text("creation_token")
			for i, st := range c.steps {
				target := client
				if st.issuer {
					target = issuer
				}
				s.ok(t, "clients/set_features", "for_client_id", target.ID, "features", st.to)
				if got := s.reads(t, token); got != st.reads {
					t.Errorf("%s: the token reads %v, want %v", st.to, got, st.reads)
				}
				a := s.post(t, "OAuth "+token, "entity.update", "attributes", `{"aboutMe":"`+strconv.Itoa(i)+`"}`)
				if got := a.Text("stat") == "ok"; got != st.writes {
					t.Errorf("%s: the token writes %v, want %v: %s", st.to, got, st.writes, a.Body)
				}
				a = s.post(t, "", "entity.create", "creation_token", creation, "attributes", `{}`)
				if got := a.Text("stat") == "ok"; got != st.makes {
					t.Errorf("%s: the creation token makes %v, want %v: %s", st.to, got, st.makes, a.Body)
				}
				if !st.makes {
					wantError(t, a, 417, "creation_token_expired")
				}
			}
		})
	}
}

func TestWhatAClientHadIssuedForAnotherStopsWithEither(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{}`)
	login, issuer := s.client(t, access.LoginClient), s.client(t, access.AccessIssuer)
	token := wantOK(t, s.by(t, issuer, "access/getAccessToken", "type_name", "user", "uuid", uuid, "for_client_id", login.ID)).Text("accessToken")
	creation := wantOK(t, s.by(t, issuer, "access/getCreationToken", "type_name", "user", "for_client_id", login.ID)).Text("creation_token")
	code := wantOK(t, s.by(t, issuer, "access/getAuthorizationCode", "type_name", "user", "uuid", uuid, "redirect_uri", "http://x", "for_client_id", login.ID)).Text("authorizationCode")
	exchanged := s.by(t, login, "oauth/token", "grant_type", "authorization_code", "code", code, "redirect_uri", "http://x").Want(200).Text("access_token")
	if !s.reads(t, token) || !s.reads(t, exchanged) {
		t.Fatal("the tokens do not work")
	}
	s.ok(t, "clients/delete", "client_id_for_deletion", issuer.ID)
	if s.reads(t, token) || s.reads(t, exchanged) {
		t.Error("a token works after the client that had it issued is gone")
	}
	wantError(t, s.post(t, "", "entity.create", "creation_token", creation, "attributes", `{}`), 417, "creation_token_expired")
}

func TestAVerificationCodeWritesWhatItsClientMayWhenItIsUsed(t *testing.T) {
	for name, take := range map[string]func(testing.TB, own, directory.Client){
		"the feature is taken": func(t testing.TB, s own, c directory.Client) {
			s.ok(t, "clients/set_features", "for_client_id", c.ID, "features", `["direct_read_access"]`)
		},
		"the attribute is taken": func(t testing.TB, s own, c directory.Client) {
			s.ok(t, "entityType.setAccessSchema", "type_name", "user", "for_client_id", c.ID, "access_type", "write", "attributes", `["lastLogin"]`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startOwn(t)
			uuid, c := s.user(t, `{}`), s.client(t, access.DirectAccess)
			code := wantOK(t, s.by(t, c, "access/getVerificationCode", "type_name", "user", "uuid", uuid, "attribute_name", "emailVerified", "lifetime", "600")).Text("verification_code")
			take(t, s, c)
			wantError(t, s.post(t, "", "access/useVerificationCode", "verification_code", code), 200, "invalid_argument", "argument_name", "verification_code")
			s.ok(t, "entity", "type_name", "user", "uuid", uuid).Is(map[string]any{"result.emailVerified": nil})
		})
	}
}
