package djaoapp_test

import "testing"

func TestWhoClearedThePasswordSignsInByCodeAndSetsAnother(t *testing.T) {
	s := serve(t)
	const address = "xia@localhost.localdomain"
	xia := s.Login(t, "xia")
	s.Delete(t, xia, "/api/users/xia/password").Want(204)
	s.Get(t, xia, "/api/users/xia").WantJSON(403, denied) // its sessions are over
	s.Mails(t)

	// neither the old password nor an empty one is right
	for _, password := range []string{"yoyo", "", "!"} {
		s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "password": password}).Want(401)
	}
	s.Mails(t)
	s.Post(t, "", "/api/auth/recover", `{"username":"xia"}`).Want(200)
	code := codeIn(t, s, address)
	xia = s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "email_code": code}).Want(201).Text("token")
	s.Get(t, xia, "/api/users/xia").Want(200).Is(map[string]any{"credentials": false})

	s.Put(t, xia, "/api/users/xia/password", `{"new_password":"another one"}`).Want(401)
	s.Put(t, xia, "/api/users/xia/password", `{"new_password":"another one","password":"yoyo"}`).Want(401)
	s.Put(t, xia, "/api/users/xia/password", map[string]string{"new_password": "another one", "email_code": code}).Want(200)
	s.Post(t, "", "/api/auth", `{"username":"xia","password":"yoyo"}`).Want(401)
	xia = s.Post(t, "", "/api/auth", `{"username":"xia","password":"another one"}`).Want(201).Text("token")
	s.Get(t, xia, "/api/users/xia").Want(200).Is(map[string]any{"credentials": true})
}
