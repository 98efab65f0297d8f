package djaoapp_test

import (
	"testing"
)

// lookalikes are other addresses than kim@fuss.example to a mail server.
var lookalikes = []string{"kim@fuß.example", "kim@fuſs.example", "kim@ｆuss.example", "\u212aim@fuss.example", "ｋim@fuss.example"}

func TestAnAddressThatOnlyLooksLikeAnothersGetsNoCodeOfTheirs(t *testing.T) {
	s := serve(t)
	kim := proved(t, s, "kim@fuss.example")
	for _, typed := range lookalikes {
		s.Post(t, "", "/api/auth/recover", map[string]string{"username": typed}).Want(200)
		for _, m := range s.Mails(t) {
			if m.To != typed {
				t.Errorf("%s: a mail to %s", typed, m.To)
			}
			found := codeForm.FindStringSubmatch(m.Text)
			for _, login := range []string{"kim", "kim@fuss.example"} {
				s.Post(t, "", "/api/auth", map[string]string{"username": login, "email_code": found[1]}).WantJSON(400, wrongEmailCode)
			}
			s.Put(t, kim, "/api/users/kim/password", map[string]string{"new_password": "yeye", "email_code": found[1]}).WantJSON(401, wrongEmailCode)
		}
		s.Post(t, "", "/api/auth", map[string]string{"username": typed, "password": "yoyo"}).Want(401)
	}
}

func TestACodeGoesToTheAddressThatIsKept(t *testing.T) {
	s := serve(t)
	proved(t, s, "Kim@Bücher.example")
	for _, typed := range []string{"KIM@bücher.example", "kim@xn--bcher-kva.example", "kim"} {
		s.Post(t, "", "/api/auth/recover", map[string]string{"username": typed}).Want(200)
		if mails := s.Mails(t); len(mails) != 1 || mails[0].To != "Kim@Bücher.example" {
			t.Errorf("%s: mails %v", typed, mails)
		}
	}
	s.Post(t, "", "/api/auth", `{"username":"kim@xn--bcher-kva.example","password":"yoyo"}`).Want(201)
}

func TestAnAddressThatOnlyLooksLikeAnothersIsOfAnotherPerson(t *testing.T) {
	s := serve(t)
	implicitType(t, s, "cowork", "Employee", true)
	company(t, s, "fuss", "office@fuss.example")
	company(t, s, "own", "kim@fuss.example")
	proved(t, s, "kim@fuss.example")
	for i, typed := range lookalikes {
		s.Post(t, "", "/api/auth/recover", map[string]string{"username": typed}).Want(200)
		name := "other" + string(rune('a'+i))
		other := s.Post(t, "", "/api/auth/register", map[string]string{
			"username": name, "full_name": "Other", "email": typed, "password": "yoyo", "email_code": codeIn(t, s, typed),
		}).Want(201).Text("token")
		s.Get(t, other, "/api/users/"+name).Want(200).Is(map[string]any{"email": typed})
		if i < 3 { // of another domain
			s.Get(t, other, "/api/users/"+name+"/accessibles").Want(200).Is(map[string]any{"count": 0})
		}
		s.Post(t, "", "/api/auth", map[string]string{"username": typed, "password": "yoyo"}).Want(201)
	}
	s.Post(t, "", "/api/auth/register", `{"username":"kim2","full_name":"Kim","email":"KIM@Fuss.example","password":"yoyo"}`).Want(400)
}
