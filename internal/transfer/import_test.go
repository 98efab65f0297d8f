package transfer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/transfer"
)

// rejects are a list of rejects in memory.
type rejects struct{ all []transfer.Reject }

func (r *rejects) Add(one transfer.Reject) error {
	r.all = append(r.all, one)
	return nil
}
func (r *rejects) Flush() (bool, error) { return true, nil }
func (r *rejects) Close() error         { return nil }

// told gives the rejects as "LINE FIELD CODE".
func (r *rejects) told() (out []string) {
	for _, one := range r.all {
		out = append(out, fmt.Sprintf("%d %s %s", one.Line, one.Field, one.Code))
	}
	return out
}

func run(t *testing.T, s *facetest.Service, input string, o transfer.Options) (transfer.Result, []string) {
	t.Helper()
	list := &rejects{}
	o.Rejects = func(bool) (transfer.RejectList, error) { return list, nil }
	result, err := transfer.Import(t.Context(), s.Site, strings.NewReader(input), o)
	if err != nil {
		t.Fatal(err)
	}
	return result, list.told()
}

// named reads a record of the demo site by one of its names.
func named(t *testing.T, s *facetest.Service, space profile.Space, value string) recordOf {
	t.Helper()
	rec, err := s.Store.Site(1).Get(t.Context(), space, value)
	if err != nil {
		t.Fatalf("%s %s: %v", space, value, err)
	}
	return recordOf{rec.ID.String(), rec.Number, string(rec.Type), rec.Name(profile.Slug), string(rec.Attrs), string(rec.Extras), rec.Created.Format("2006-01-02 15:04:05"), rec.Password, string(rec.State)}
}

type recordOf struct {
	ID       string
	Number   int64
	Type     string
	Slug     string
	Attrs    string
	Extras   string
	Created  string
	Password string
	State    string
}

const (
	bcryptOfSecret = "$2b$04$VvpC1h7NcIXbVHAi2V1VGecVqNRdXqgcVFWxRUIbVYIxaFsaJjsYq"     // of nothing that a test knows
	sha256OfSecret = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b" // of "secret"
)

func TestPresetsReadTheFilesOfTheirProducts(t *testing.T) {
	for _, c := range []struct {
		name    string
		preset  string
		format  transfer.Format
		input   string
		space   profile.Space
		value   string
		want    recordOf // zero fields are not compared
		rejects []string
	}{
		{
			name: "a data-load file", preset: "entity", format: transfer.CSV,
			input: "\xef\xbb\xbf" + `givenName,familyName,email,birthday,primaryAddress.city,emailVerified,photos,created,password
Neil,Armstrong,neil@example.com,1930-08-05,Wapakoneta,1969-07-20 20:17:40,"[{""type"":""normal"",""value"":""http://example.com/n.jpg""}]",1875-08-02 15:28:31,
Buzz,Aldrin,no address,,,,,,
`,
			space: profile.Email, value: "neil@example.com",
			want: recordOf{Type: "$user", Created: "1875-08-02 15:28:31",
				Attrs: `{"birthday":"1930-08-05","email":"neil@example.com","emailVerified":"1969-07-20 20:17:40 +0000","familyName":"Armstrong","givenName":"Neil","photos":[{"id":*,"type":"normal","value":"http://example.com/n.jpg"}],"primaryAddress":{"city":"Wapakoneta"}}`},
			rejects: []string{"3 email constraint"},
		},
		{
			name: "records as entity.find gives them", preset: "entity", format: transfer.JSONL,
			input: `{"id":4711,"uuid":"02b0c68d-7d7a-49d8-a88d-022585b0f877","created":"2019-10-15 07:36:25.123456 +0000","lastUpdated":"2020-01-02 00:00:00.000000 +0000","email":"m@example.com","aboutMe":null,"password":{"type":"password-bcrypt","value":"` + bcryptOfSecret + `"},"photos":[{"id":815,"value":"http://example.com/m.jpg","type":null}],"primaryAddress":{"city":null}}` + "\n",
			space: profile.Number, value: "4711",
			want: recordOf{ID: "02b0c68d-7d7a-49d8-a88d-022585b0f877", Number: 4711, Slug: "u-4711", Created: "2019-10-15 07:36:25", Password: "password-bcrypt", Attrs: `{"email":"m@example.com","photos":[{"id":815,"value":"http://example.com/m.jpg"}]}`},
		},
		{
			name: "Sentinel's users with hashes", preset: "sentinel", format: transfer.JSONL,
			input: `{"user_id":"7f9c2d7e-3b7e-4b43-8a44-6f1f0d1f0a01","user_info":{"username":"Maria","email":"maria@example.com","first_name":"Maria","last_name":"Diaz"},"password_hash":"` + sha256OfSecret + `","hash_algorithm":"sha256"}
{"user_info":{"username":"nohash","email":"nohash@example.com"},"password_hash":"abc","hash_algorithm":"sha256"}
{"user_info":{"username":"what","email":"what@example.com"},"password_hash":"abc","hash_algorithm":"rot13"}
{"user_info":{"username":"odd","shoe_size":9}}
`,
			space: profile.Slug, value: "maria",
			want:    recordOf{ID: "7f9c2d7e-3b7e-4b43-8a44-6f1f0d1f0a01", Slug: "Maria", Password: "password-sha256", Attrs: `{"email":"maria@example.com","familyName":"Diaz","givenName":"Maria"}`},
			rejects: []string{"2 password_hash constraint", "3 hash_algorithm choice", "4 user_info unknown_attribute"},
		},
		{
			name: "Sentinel's users as a table", preset: "sentinel", format: transfer.CSV,
			input: "user_id,username,email,first_name,last_name,password_hash,hash_algorithm\n5001,jo,jo@example.com,Jo,Doe," + bcryptOfSecret + ",bcrypt\n",
			space: profile.Slug, value: "jo", want: recordOf{Number: 5001, Password: "password-bcrypt"},
		},
		{
			name: "DjaoApp's lists", preset: "djaoapp", format: transfer.JSONL,
			input: `{"slug":"widgets","printable_name":"Widgets Inc.","full_name":"Widgets Inc.","type":"organization","email":"office@widgets.example","phone":"+1 555 0100","street_address":"1 Main St","locality":"San Francisco","region":"US-CA","postal_code":"94102","country":"US","picture":"https://widgets.example/logo.png","created_at":"2020-05-30T00:00:00Z","credentials":false,"default_timezone":"Europe/Kiev","extra":{"seats":3},"is_bulk_buyer":false,"is_provider":true}` + "\n",
			space: profile.Slug, value: "widgets",
			want: recordOf{Type: "$organization", Created: "2020-05-30 00:00:00",
				Attrs:  `{"displayName":"Widgets Inc.","email":"office@widgets.example","mobileNumber":"+1 555 0100","photos":[{"id":*,"value":"https://widgets.example/logo.png"}],"primaryAddress":{"address1":"1 Main St","city":"San Francisco","country":"US","stateAbbreviation":"US-CA","zip":"94102"}}`,
				Extras: `{"djaoapp":{"default_timezone":"Europe/Kiev","extra":{"seats":3},"is_bulk_buyer":false}}`},
		},
		{
			name: "rows of Django's users", preset: "djaoapp", format: transfer.JSONL,
			input: `{"model":"auth.user","pk":7,"fields":{"username":"marcy","email":"marcy@example.com","first_name":"Marcy","last_name":"Runkle","password":"pbkdf2_sha256$10000$z8Jx$7MSNt7n3zEyFb5vrbrHcaqRnyzVcpcSoASlhtRYLZ0U=","date_joined":"2012-03-01T09:00:00Z","last_login":null,"is_active":false,"is_staff":false,"is_superuser":false,"groups":[],"user_permissions":[]}}
{"model":"auth.permission","pk":1,"fields":{}}
`,
			space: profile.Slug, value: "marcy",
			want:    recordOf{Created: "2012-03-01 09:00:00", Password: "password-pbkdf2-sha256", State: "disabled", Attrs: `{"email":"marcy@example.com","familyName":"Runkle","givenName":"Marcy"}`},
			rejects: []string{"2 model unknown_type"},
		},
		{
			name: "Cloudillo's profiles", preset: "cloudillo", format: transfer.JSONL,
			input: `{"data":{"idTag":"home.w9.hu","tnId":90210,"name":"Szilárd Hajba","type":"person","profilePic":"b1~abc","createdAt":"2024-06-01T10:00:00Z","x":{"bio":"Hi"}}}
{"idTag":"nobody.example","name":"N","type":"robot"}
`,
			space: profile.Number, value: "90210",
			want:    recordOf{Number: 90210, Created: "2024-06-01 10:00:00", Extras: `{"cloudillo":{"x":{"bio":"Hi"}}}`},
			rejects: []string{"2 type choice"},
		},
		{
			name: "Amino's users", preset: "amino", format: transfer.JSONL,
			input: `{"data":[{"type":"User","id":"6041","attributes":{"name":"Ann Ray","contact_details":{"email":"ann@example.com","telephone_number_E123":"+47 12345678"},"registration_information":{"registration_state":"REGISTERED","registration_time":"2018-02-03T04:05:06Z"},"external_id":"x-1"}}]}
{"type":"UserProfile","id":"7f9c2d7e-3b7e-4b43-8a44-6f1f0d1f0a02","attributes":{"user_id":6041,"name":"Kid","is_child_profile":true,"age_limit":9,"is_default":false}}
{"type":"UserProfile","id":"7f9c2d7e-3b7e-4b43-8a44-6f1f0d1f0a03","attributes":{"user_id":6041,"name":"kid","is_child_profile":false,"age_limit":null,"is_default":false}}
{"type":"UserProfile","id":"7f9c2d7e-3b7e-4b43-8a44-6f1f0d1f0a04","attributes":{"user_id":123456,"name":"Nobody's"}}
{"type":"UserProfile","id":"7f9c2d7e-3b7e-4b43-8a44-6f1f0d1f0a05","attributes":{"user_id":6041,"name":"Old","is_child_profile":true,"age_limit":19}}
`,
			space: profile.Number, value: "6041",
			want:    recordOf{Created: "2018-02-03 04:05:06", Attrs: `{"displayName":"Ann Ray","email":"ann@example.com","familyName":"Ray","givenName":"Ann","mobileNumber":"+47 12345678"}`},
			rejects: []string{"3 household taken", "4 owner not_found", "5 age_limit constraint"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := facetest.New(t)
			dry, wouldBe := run(t, s, c.input, transfer.Options{Preset: c.preset, Format: c.format, DryRun: true})
			result, told := run(t, s, c.input, transfer.Options{Preset: c.preset, Format: c.format})
			if !result.Done || result.Made == 0 || !slices.Equal(told, c.rejects) {
				t.Errorf("%+v, rejects %q, want %q", result, told, c.rejects)
			}
			if c.preset != "amino" && (dry.Made != result.Made || !slices.Equal(wouldBe, told)) {
				t.Errorf("the dry run: %+v %q", dry, wouldBe)
			}
			got := named(t, s, c.space, c.value)
			if !like(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			// Nothing is doubled by the same file once more.
			again, told := run(t, s, c.input, transfer.Options{Preset: c.preset, Format: c.format})
			if again.Made != 0 || len(told) != int(again.Rejected) {
				t.Errorf("again: %+v %q", again, told)
			}
		})
	}
}

// like compares what the wanted record names; "*" in its attributes is any
// number.
func like(got, want recordOf) bool {
	same := func(a, b string) bool { return b == "" || a == b }
	attrs := got.Attrs
	if head, tail, some := strings.Cut(want.Attrs, "*"); some {
		attrs = strings.TrimSuffix(strings.TrimPrefix(attrs, head), tail)
		if strings.Trim(attrs, "0123456789") != "" || attrs == "" {
			return false
		}
		want.Attrs = ""
	}
	return same(got.ID, want.ID) && (want.Number == 0 || got.Number == want.Number) && same(got.Type, want.Type) && same(got.Slug, want.Slug) &&
		same(attrs, want.Attrs) && same(got.Extras, want.Extras) && same(got.Created, want.Created) && same(got.Password, want.Password) && same(got.State, want.State)
}

func TestPeopleSignInWithTheHashesThatTheyCameWith(t *testing.T) {
	s := facetest.New(t)
	input := `{"user_info":{"username":"maria","email":"maria@example.com"},"password_hash":"` + sha256OfSecret + `","hash_algorithm":"sha256"}`
	if result, told := run(t, s, input, transfer.Options{Preset: "sentinel", Format: transfer.JSONL}); result.Made != 1 {
		t.Fatal(told)
	}
	if _, err := s.Site.Login(t.Context(), directory.Credentials{Login: "maria", Spaces: []profile.Space{profile.Slug}, Password: "secret"}, directory.Exchanged); err != nil {
		t.Error(err)
	}
}

func TestColumnsGoWhereTheyAreMapped(t *testing.T) {
	s := facetest.New(t)
	columns := transfer.Columns{"Mail": "email", "Nr": "@number", "Full": "@name", "Since": "@created", "Note": "-", "Lang": "@extra.djaoapp.lang", "On": "@active"}
	input := "Mail,Nr,Full,Since,Note,Lang,On\njo@example.com,8001,Jo van Doe,2001-02-03T04:05:06+01:00,secret,nl,false\nx@example.com,zero,X,,,,\n"
	result, told := run(t, s, input, transfer.Options{Format: transfer.CSV, Columns: columns})
	if result.Made != 1 || !slices.Equal(told, []string{"3 Nr wrong_type"}) {
		t.Errorf("%+v %q", result, told)
	}
	got := named(t, s, profile.Number, "8001")
	if got.Created != "2001-02-03 03:05:06" || got.State != "disabled" || got.Extras != `{"djaoapp":{"lang":"nl"}}` || !strings.Contains(got.Attrs, `"givenName":"Jo"`) {
		t.Errorf("%+v", got)
	}
	nested := `{"user":{"mail":"deep@example.com","age":7},"nr":8002}`
	result, told = run(t, s, nested, transfer.Options{Format: transfer.JSONL, Columns: transfer.Columns{"user.mail": "email", "user.age": "-", "nr": "@number"}})
	if result.Made != 1 {
		t.Errorf("%+v %q", result, told)
	}
	for column, to := range map[string]string{"a": "", "b": "@nothing", "c": "@extra.", "d": "@extra.x"} {
		_, err := transfer.Import(t.Context(), s.Site, strings.NewReader(""), transfer.Options{Format: transfer.CSV, Columns: transfer.Columns{column: to}})
		if e := profile.AsError(err); e.Kind != profile.Invalid || e.Field != column {
			t.Errorf("%s: %v", to, err)
		}
	}
}

func TestRowsThatCannotBeReadAreRejectsAndTheRestIsMade(t *testing.T) {
	s := facetest.New(t)
	long := `{"type":"user","slug":"` + strings.Repeat("x", transfer.MaxRow) + `"}`
	input := strings.Join([]string{
		`{"type":"user","slug":"first1"}`, ``, `not json`, `["user"]`, `{"type":"user","slug":"a","slug":"b"}`, `{"type":"user","nothing":1}`,
		long, `{"type":"user","number":"x"}`, `{"type":"no such"}`, `{"type":"$client"}`, `{"type":"user","created":"yesterday"}`, `{"type":"user","slug":"xia"}`,
		`{"type":"user","slug":"last1"}`,
	}, "\n")
	result, told := run(t, s, input, transfer.Options{Format: transfer.JSONL})
	want := []string{"3  syntax", "4  wrong_type", "5  syntax", "6 nothing wrong_type", "7  too_large", "8 number wrong_type", "9  unknown_type", "10  unknown_type", "11 created date_time", "12 slug taken"}
	if result.Made != 2 || result.Rejected != int64(len(want)) || !slices.Equal(told, want) {
		t.Errorf("%+v\n got %q\nwant %q", result, told, want)
	}
	table := "slug,email\nno,a@example.com,more\n\"broken,b@example.com\n"
	result, told = run(t, s, table, transfer.Options{Format: transfer.CSV, Columns: transfer.Columns{"slug": "@slug"}})
	if result.Made != 0 || !slices.Equal(told, []string{"2  syntax", "3  syntax"}) {
		t.Errorf("%+v %q", result, told)
	}
	for _, head := range []string{"", "a,a\n", "a,,b\n"} {
		if _, err := transfer.Import(t.Context(), s.Site, strings.NewReader(head), transfer.Options{Format: transfer.CSV}); !profile.IsKind(err, profile.Malformed) {
			t.Errorf("head %q: %v", head, err)
		}
	}
}

func TestADryRunFindsWhatTwoRowsWouldBothTake(t *testing.T) {
	s := facetest.New(t)
	input := `{"type":"user","slug":"twin1","attrs":{"email":"t@example.com"}}
{"type":"user","slug":"Twin1"}
{"type":"user","slug":"twin2","attrs":{"email":"T@example.com"}}
{"type":"user","number":77001}
{"type":"organization","number":77001}
`
	result, told := run(t, s, input, transfer.Options{Format: transfer.JSONL, DryRun: true})
	if want := []string{"2 slug taken", "3 email taken", "5 number taken"}; result.Made != 2 || !slices.Equal(told, want) {
		t.Errorf("%+v %q", result, told)
	}
	if _, err := s.Store.Site(1).Get(t.Context(), profile.Slug, "twin1"); !profile.IsKind(err, profile.NotFound) {
		t.Error("something was made:", err)
	}
}

func TestAnImportThatStopsGoesOnWhereItWas(t *testing.T) {
	s := facetest.New(t)
	var input strings.Builder
	const rows = 5000
	for n := range rows {
		slug := fmt.Sprint("moved-", n)
		if n%1000 == 999 {
			slug = "xia" // taken
		}
		fmt.Fprintf(&input, `{"type":"user","slug":%q}`+"\n", slug)
	}
	path := filepath.Join(t.TempDir(), "rejects.jsonl")
	o := transfer.Options{Format: transfer.JSONL, Rejects: func(resumed bool) (transfer.RejectList, error) { return transfer.RejectFile(path, resumed) }}
	o.Stop = func() bool { return true }
	var result transfer.Result
	runs := 0
	for !result.Done {
		if runs++; runs == 3 { // what a crash may leave of the list
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString(`{"line":40`)
				err = errors.Join(err, f.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if result, err = transfer.Import(t.Context(), s.Site, strings.NewReader(input.String()), o); err != nil {
			t.Fatal(err)
		}
		if result.Resumed != (runs > 1) {
			t.Errorf("run %d: %+v", runs, result)
		}
	}
	if runs < 3 || result.Made != rows-5 || result.Rejected != 5 {
		t.Errorf("%d runs, %+v", runs, result)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []int64
	for line := range strings.Lines(string(text)) {
		var r transfer.Reject
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Field != "slug" || len(r.Row) == 0 {
			t.Errorf("%q: %v", line, err)
		}
		lines = append(lines, r.Line)
	}
	if !slices.Equal(lines, []int64{1000, 2000, 3000, 4000, 5000}) {
		t.Errorf("rejects of lines %d", lines)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := transfer.Import(ctx, s.Site, strings.NewReader(input.String()), transfer.Options{Format: transfer.JSONL}); !errors.Is(err, context.Canceled) {
		t.Error("interrupted:", err)
	}
}

// lost is a list of rejects that a crash takes away before it is kept.
type lost struct{ rejects }

func (*lost) Flush() (bool, error) { return false, nil }

func TestRejectsThatWereNotKeptAreToldAgain(t *testing.T) {
	s := facetest.New(t)
	var input strings.Builder
	for n := range 3000 {
		slug := fmt.Sprint("told-", n)
		if n%500 == 499 {
			slug = "xia" // taken
		}
		fmt.Fprintf(&input, `{"type":"user","slug":%q}`+"\n", slug)
	}
	all := []string{"500 slug taken", "1000 slug taken", "1500 slug taken", "2000 slug taken", "2500 slug taken", "3000 slug taken"}
	var list *lost
	steps := 0
	o := transfer.Options{Format: transfer.JSONL, Key: "held", Hold: true, Stop: func() bool { steps++; return steps%2 == 0 },
		Rejects: func(bool) (transfer.RejectList, error) {
			list = &lost{}
			return list, nil
		}}
	for range 3 { // the last run finds that all was done
		for runs := 1; ; runs++ {
			result, err := transfer.Import(t.Context(), s.Site, strings.NewReader(input.String()), o)
			if err != nil {
				t.Fatal(err)
			}
			if got := list.told(); !slices.Equal(got, all[:len(got)]) || int64(len(got)) != result.Rejected {
				t.Fatalf("run %d: %q of %+v", runs, got, result)
			}
			if result.Done {
				if result.Made != 2994 || result.Rejected != 6 {
					t.Errorf("%+v", result)
				}
				break
			}
		}
	}
}

func TestAnInputThatChangedIsNotGoneOnWith(t *testing.T) {
	for _, format := range []transfer.Format{transfer.JSONL, transfer.CSV} {
		s := facetest.New(t)
		var input strings.Builder
		if format == transfer.CSV {
			input.WriteString("givenName\n")
		}
		for n := range 20_000 { // nothing in them is unique
			if format == transfer.CSV {
				fmt.Fprintf(&input, "Name %06d\n", n)
			} else {
				fmt.Fprintf(&input, `{"attrs":{"givenName":"Name %06d"}}`+"\n", n)
			}
		}
		const cut = 15_000 // rows, far behind what the key is made of
		steps := 0
		o := transfer.Options{Format: format, Stop: func() bool { steps++; return steps == cut/1000 }}
		text := input.String()
		if result, err := transfer.Import(t.Context(), s.Site, strings.NewReader(text), o); err != nil || result.Done || result.Made != cut {
			t.Fatal(result, err)
		}
		for what, other := range map[string]string{
			"a letter":      strings.Replace(text, "Name 014000", "Mane 014000", 1),
			"a row less":    strings.Replace(text, "Name 014000", "Nam 014000", 1),
			"a shorter one": text[:len(text)/2],
		} {
			if result, err := transfer.Import(t.Context(), s.Site, strings.NewReader(other), o); !profile.IsKind(err, profile.Conflict) {
				t.Errorf("%s, %s: %+v %v", format, what, result, err)
			}
		}
		more := text + text[len(text)-len(text)/20_000:]
		if result, err := transfer.Import(t.Context(), s.Site, strings.NewReader(more), o); err != nil || !result.Done || result.Made < 20_000 {
			t.Error("longer:", result, err)
		}
	}
}

func TestARowOfCSVThatDoesNotEndIsGivenUp(t *testing.T) {
	s := facetest.New(t)
	endless := io.MultiReader(strings.NewReader("givenName\nA\n\"open"), io.LimitReader(letters{}, 1<<40))
	if _, err := transfer.Import(t.Context(), s.Site, endless, transfer.Options{Format: transfer.CSV}); !profile.IsKind(err, profile.TooLarge) {
		t.Error(err)
	}
	list := &rejects{}
	_, err := transfer.Import(t.Context(), s.Site, strings.NewReader("givenName\nA \"quoted\" name\r\nB\n"),
		transfer.Options{Format: transfer.CSV, Rejects: func(bool) (transfer.RejectList, error) { return list, nil }})
	if err != nil || len(list.all) != 1 || string(list.all[0].Row) != `"A \"quoted\" name"` {
		t.Errorf("%v %+v", err, list.all)
	}
}

// letters has no end.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func FuzzRows(f *testing.F) {
	for _, seed := range []string{"", "{}\n", "a,b\n1,2\n", "\"", "\xef\xbb\xbf{\"a\":1}\r\n\r\n[", "a\n\"x\ny\"\nz,", "{\"a\":{\"b\":[1.10]}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		for _, format := range []transfer.Format{transfer.JSONL, transfer.CSV} {
			in, err := transfer.NewSource(strings.NewReader(input), format)
			if err != nil {
				continue
			}
			at, line := int64(0), int64(0)
			for {
				row, err := in.Next()
				if err != nil {
					break
				}
				if row.At <= at || row.At > int64(len(input)) || row.Line <= line || row.Err == nil && !json.Valid(row.Raw) {
					t.Fatalf("%s: %+v after %d, line %d", format, row, at, line)
				}
				at, line = row.At, row.Line
			}
		}
	})
}
