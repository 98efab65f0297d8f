package schema_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"facet/internal/schema"
)

const smallUser = `{"birthday":"1980-02-03","displayName":"Matt Parker","email":"parkerm@example.com","emailVerified":"2019-10-15 07:36:25 +0000","familyName":"Parker","gender":"male","givenName":"Matt",` +
	`"mobileNumber":"+1 555 0100","photos":[{"id":12,"type":"normal","value":"https://example.com/p.png"}],"primaryAddress":{"address1":"1 Main Street","city":"Portland","country":"US","zip":"97205"},` +
	`"statuses":[{"id":11,"status":"active","statusCreated":"2019-10-15 07:36:25 +0000"}]}`

func BenchmarkRender(b *testing.B) {
	typ := schema.DefaultUser()
	social := strings.Replace(smallUser, `"statuses"`, `"profiles":[{"domain":"example.com","id":8,"identifier":"http://example.com/7","profile":{"displayName":"Matt","emails":[{"id":32,"type":"other","value":"parkerm@example.com"}],"name":{"familyName":"Parker","givenName":"Matt"}}}],"statuses"`, 1)
	for name, text := range map[string]string{"empty": `{}`, "small": smallUser, "social": social} {
		b.Run(name, func(b *testing.B) {
			stored := []byte(text)
			buf := make([]byte, 0, 16<<10)
			b.ReportAllocs()
			for b.Loop() {
				buf = typ.Render(buf[:0], stored, head)
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}

func BenchmarkValues(b *testing.B) {
	stored := []byte(smallUser)
	for _, path := range [][]string{{"email"}, {"primaryAddress", "city"}, {"statuses", "status"}, {"zzz"}} {
		b.Run(strings.Join(path, "."), func(b *testing.B) {
			n := 0
			fn := func(raw []byte) bool { n += len(raw); return true }
			b.ReportAllocs()
			for b.Loop() {
				schema.Values(stored, path, fn)
			}
		})
	}
}

func BenchmarkCreate(b *testing.B) {
	in := bytes.ReplaceAll(bytes.ReplaceAll([]byte(smallUser), []byte(`"id":12,`), nil), []byte(`"id":11,`), nil)
	typ, e := schema.DefaultUser(), env()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := typ.Create(in, e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	typ, e := schema.DefaultUser(), env()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := typ.Update([]byte(smallUser), nil, []byte(`{"gender":"female","primaryAddress":{"city":"Boston"}}`), e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIndex(b *testing.B) {
	typ := schema.DefaultUser()
	b.ReportAllocs()
	for b.Loop() {
		typ.Index([]byte(smallUser))
	}
}

func BenchmarkOnly(b *testing.B) {
	typ, p := schema.DefaultUser(), paths(b, "id", "email", "primaryAddress.city")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := typ.Only(p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheckJSON stands beside the standard library's check, which lets
// more pass.
func BenchmarkCheckJSON(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(smallUser)))
		b.ReportAllocs()
		for b.Loop() {
			if err := schema.CheckJSON([]byte(smallUser), 64); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(smallUser)))
		for b.Loop() {
			if !json.Valid([]byte(smallUser)) {
				b.Fatal("invalid")
			}
		}
	})
}

func TestReadingAllocatesNothing(t *testing.T) {
	typ := schema.DefaultUser()
	buf := make([]byte, 0, 16<<10)
	text := []byte(smallUser)
	path := []string{"primaryAddress", "city"}
	n := 0
	fn := func(raw []byte) bool { n += len(raw); return true }
	if got := testing.AllocsPerRun(100, func() { buf = typ.Render(buf[:0], text, head) }); got != 0 {
		t.Errorf("Render allocates %v times", got)
	}
	if got := testing.AllocsPerRun(100, func() { schema.Values(text, path, fn) }); got != 0 {
		t.Errorf("Values allocates %v times", got)
	}
}
