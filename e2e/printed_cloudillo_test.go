package e2e_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"slices"
	"testing"

	"facet/internal/facetest"
)

// Cloudillo, "Profiles API": the JSON under a method and a path, and the
// JavaScript below it, as the request that it makes.

const printedRegistration = `{
"type": "idp",
"idTag": "alice@example.com",
"email": "alice@gmail.com",
"token": "verification-token",
"lang": "en"
}`

// pictureOf draws something; shade makes it another picture.
func pictureOf(shade uint8) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for x := range 40 {
		for y := range 30 {
			img.Set(x, y, color.RGBA{uint8(6 * x), uint8(8 * y), shade, 255})
		}
	}
	return img
}

func asJPEG(t testing.TB, shade uint8) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, pictureOf(shade), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, shade uint8) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, pictureOf(shade)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// uploads is PUT of a picture, and what it must lead to.
func uploads(name, path, field, mediaType, answer string, data []byte) printedRequest {
	return printedRequest{
		name: name, user: "alice", status: http.StatusOK, answer: answer,
		call: func(*testing.T, *instance) facetest.Call {
			return facetest.Call{Method: http.MethodPut, Path: path, Type: mediaType, Body: data}
		},
		after: func(t *testing.T, in *instance, a facetest.Answer) {
			address := a.Text("data." + field)
			if address != "/api/file/"+a.Text("data.fileId") {
				t.Errorf("%s is at %s", a.Text("data.fileId"), address)
			}
			for _, at := range []string{address, "/file/" + a.Text("data.fileId")} { // both are printed
				got := in.Get(t, "", at).Want(http.StatusOK)
				showsPictureOf(t, got, data)
			}
			in.Get(t, in.Login(t, "alice"), "/api/me").Want(http.StatusOK).Is(map[string]any{"data." + field: address})
		},
	}
}

// showsPictureOf holds what is served for a picture against what was sent: it
// is written anew, in the same size.
func showsPictureOf(t testing.TB, got facetest.Answer, sent []byte) {
	t.Helper()
	shown, format, err := image.DecodeConfig(bytes.NewReader(got.Body))
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := image.DecodeConfig(bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	if shown.Width != want.Width || shown.Height != want.Height || got.Header.Get("Content-Type") != "image/"+format {
		t.Errorf("%d x %d of %s in %s, sent were %d x %d", shown.Width, shown.Height, format, got.Header.Get("Content-Type"), want.Width, want.Height)
	}
}

// friends are what the examples of lists suppose: a community, a connection
// that is agreed on, one that is asked for, and a blocked profile.
func friends(t *testing.T, in *instance) {
	t.Helper()
	alice, xia := in.Login(t, "alice"), in.Login(t, "xia")
	in.Put(t, alice, "/api/profiles/devs@example.com", `{"type":"idp"}`).Want(http.StatusCreated)
	relate := func(token, with, what string) {
		in.Patch(t, token, "/api/profiles/"+with, map[string]any{"relationship": what}).Want(http.StatusOK)
	}
	relate(alice, "xia@localhost.localdomain", "connect")
	relate(xia, "alice@localhost.localdomain", "connect")
	relate(alice, "bob@example.com", "connect")
	relate(alice, "casey@localhost.localdomain", "block")
}

func TestCloudillosCallsAnswerAsPrinted(t *testing.T) {
	const uploaded = `{"data":{"profilePic":"/api/file/b1~abc123","fileId":"b1~abc123"},"time":1735000000,"reqId":"req_abc123"}`
	const covered = `{"data":{"coverPic":"/api/file/b1~xyz789","fileId":"b1~xyz789"},"time":1735000000,"reqId":"req_abc123"}`
	const alice, bob = "alice@localhost.localdomain", "bob@example.com"
	sendAll(t, []printedRequest{
		{
			name: "Verify Profile", method: "POST", path: "/api/profiles/verify", status: http.StatusOK,
			body:   "{\n\"idTag\": \"alice@example.com\",\n\"type\": \"idp\"\n}",
			answer: `{"data":{"available":true,"idTag":"alice@example.com"},"time":"2025-01-01T12:00:00Z"}`,
			same:   map[string]any{"data.available": true, "data.idTag": "alice@example.com"},
		},
		{
			name: "Verify, of a community", method: "POST", path: "/api/profiles/verify", body: `{"idTag":"devs@example.com","type":"idp"}`,
			status: http.StatusOK, same: map[string]any{"data.available": true, "data.idTag": "devs@example.com"},
		},
		{
			name: "Register User", method: "POST", path: "/api/profiles/register", body: printedRegistration, status: http.StatusCreated,
			answer: `{"data":{"tnId":12345,"idTag":"alice@example.com","name":"Alice","token":"eyJhbGc..."},"time":"2025-01-01T12:00:00Z"}`,
			same:   map[string]any{"data.idTag": "alice@example.com", "data.name": "Alice"},
			after: func(t *testing.T, in *instance, a facetest.Answer) { // "User is now registered and logged in"
				in.Get(t, a.Text("data.token"), "/api/me").Want(http.StatusOK).Is(map[string]any{"data.idTag": "alice@example.com", "data.name": "Alice"})
				in.client().ok(t, "entity", "type_name", "user", "id", number(t, a, "data.tnId")).Is(map[string]any{"result.displayName": "Alice"})
				in.Post(t, "", "/api/profiles/verify", `{"idTag":"alice@example.com","type":"idp"}`).Want(http.StatusOK).Is(map[string]any{"data.available": false})
			},
		},
		{
			name: "Register, the example", method: "POST", path: "/api/profiles/register", status: http.StatusCreated,
			body: `{"type":"idp","idTag":"alice@example.com","email":"alice@gmail.com","token":"registration-token"}`,
			same: map[string]any{"data.idTag": "alice@example.com"},
		},
		{
			name: "Create Community", user: "alice", method: "PUT", path: "/api/profiles/devs@example.com", status: http.StatusCreated,
			body:   `{"type": "idp", "name": "Developer Community", "profilePic": "b1~abc123", "appDomain": "devs.example.com"}`,
			answer: `{"data":{"idTag":"devs@example.com","name":"Developer Community","type":"community","createdAt":"2025-01-01T12:00:00Z"},"time":"2025-01-01T12:00:00Z"}`,
			same: map[string]any{
				"data.idTag": "devs@example.com", "data.name": "Developer Community", "data.type": "community", "data.profilePic": "/api/file/b1~abc123",
			},
			after: func(t *testing.T, in *instance, _ facetest.Answer) { // "becomes the community owner"
				in.Get(t, "", "/api/file/b1~abc123").Want(http.StatusOK)
				in.Get(t, in.Login(t, "alice"), "/api/users/alice/profiles").Want(http.StatusOK).Is(map[string]any{
					"count": 2, "results.1.full_name": "Developer Community", "results.1.type": "organization",
				})
				in.client().ok(t, "entity.find", "type_name", "community", "filter", "displayName = 'Developer Community'").Is(map[string]any{"result_count": 1})
			},
		},
		{
			name: "Create Community, the example", user: "alice", method: "PUT", path: "/api/profiles/devs@example.com", status: http.StatusCreated,
			body: `{"type":"idp","name":"Developer Community"}`, same: map[string]any{"data.idTag": "devs@example.com", "data.name": "Developer Community"},
		},
		{
			name: "Get Own Profile", user: "alice", method: "GET", path: "/api/me", status: http.StatusOK,
			before: func(t *testing.T, in *instance) {
				token := in.Login(t, "alice")
				in.Patch(t, token, "/api/me", `{"name":"Alice Johnson","x":{"bio":"Software developer","location":"San Francisco"}}`).Want(http.StatusOK)
				in.Do(t, facetest.Call{Method: "PUT", Path: "/api/me/image", Token: token, Type: "image/png", Body: asPNG(t, 1)}).Want(http.StatusOK)
			},
			answer: `{"data":{"tnId":12345,"idTag":"alice@example.com","name":"Alice Johnson","profilePic":"/file/b1~abc123",
				"x":{"bio":"Software developer","location":"San Francisco"}}}`,
			same: map[string]any{"data.idTag": alice, "data.name": "Alice Johnson", "data.x": map[string]any{"bio": "Software developer", "location": "San Francisco"}},
		},
		{
			name: "Update Own Profile", user: "alice", method: "PATCH", path: "/api/me", status: http.StatusOK,
			body: `{"name":"Alice Smith","x":{"bio":"Senior developer","website":"https://alice.example.com"}}`,
			same: map[string]any{"data.name": "Alice Smith", "data.x": map[string]any{"bio": "Senior developer", "website": "https://alice.example.com"}},
		},
		uploads("Upload Profile Image", "/api/me/image", "profilePic", "image/jpeg", uploaded, asJPEG(t, 1)),
		uploads("Upload Profile Image, a PNG", "/api/me/image", "profilePic", "image/png", uploaded, asPNG(t, 2)),
		uploads("Upload Cover Image", "/api/me/cover", "coverPic", "image/jpeg", covered, asJPEG(t, 3)),
		uploads("Upload Cover Image, a PNG", "/api/me/cover", "coverPic", "image/png", covered, asPNG(t, 4)),
		{
			name: "Get Profile", user: "alice", method: "GET", path: "/api/profiles/bob@example.com", status: http.StatusOK,
			same: map[string]any{"data.idTag": bob, "data.name": "Bob Stone", "data.type": "person"},
		},
		{
			name: "Update Relationship", user: "alice", method: "PATCH", path: "/api/profiles/bob@example.com", status: http.StatusOK,
			body:   `{"relationship": "follow"}`,
			answer: `{"data":{"idTag":"bob@example.com","relationship":"follow","updatedAt":1735000000},"time":1735000000,"reqId":"req_abc123"}`,
			same:   map[string]any{"data.idTag": bob, "data.relationship": "follow", "data.following": true},
		},
		{
			name: "Admin: Update Profile", user: "donny", method: "PATCH", path: "/api/admin/profiles/bob@example.com", status: http.StatusOK,
			body: `{"name": "Updated Name", "status": "active", "roles": ["user", "moderator"]}`,
			answer: `{"data":{"tnId":12345,"idTag":"bob@example.com","name":"Updated Name","status":"active","roles":["user","moderator"]},
				"time":1735000000,"reqId":"req_abc123"}`,
			same: map[string]any{"data.idTag": bob, "data.name": "Updated Name", "data.status": "active", "data.roles": []any{"user", "moderator"}},
			after: func(t *testing.T, in *instance, _ facetest.Answer) {
				in.Get(t, in.Login(t, "alice"), "/api/profiles/bob@example.com").Want(http.StatusOK).Is(map[string]any{"data.name": "Updated Name"})
				in.Patch(t, in.Login(t, "alice"), "/api/admin/profiles/bob@example.com", `{"name":"No"}`).Want(http.StatusForbidden)
			},
		},
		{
			name: "Log in", method: "POST", path: "/api/auth/login", body: `{"idTag":"bob@example.com","password":"yoyo"}`, status: http.StatusOK,
			same: map[string]any{"data.idTag": bob, "data.name": "Bob Stone"},
			after: func(t *testing.T, in *instance, a facetest.Answer) {
				in.Get(t, a.Text("data.token"), "/api/me").Want(http.StatusOK).Is(map[string]any{"data.idTag": bob})
			},
		},
	})
}

func TestCloudillosListsAreNarrowedByEachPrintedParameter(t *testing.T) {
	t.Parallel()
	in := demo(t)
	friends(t, in)
	token := in.Login(t, "alice")
	const (
		alice, bob, casey, cowork = "alice@localhost.localdomain", "bob@example.com", "casey@localhost.localdomain", "cowork@localhost.localdomain"
		devs, donny, xia          = "devs@example.com", "donny@localhost.localdomain", "xia@localhost.localdomain"
	)
	for query, want := range map[string][]string{
		"":                       {alice, bob, cowork, devs, donny, xia},
		"type=community":         {cowork, devs},
		"type=person":            {alice, bob, donny, xia},
		"connected=connected":    {xia, devs}, // whoever makes a community is connected with it
		"connected=pending":      {bob},
		"connected=disconnected": {cowork, donny},
		"following=true":         {bob, xia, devs}, // the latest first
		"following=false":        {cowork, donny},
		"status=active,blocked":  {alice, bob, casey, cowork, devs, donny, xia},
		"q=alice":                {alice},
		"idTag=bob@example.com":  {bob},
	} {
		a := in.Get(t, token, "/api/profiles?"+query).Want(http.StatusOK)
		list, _ := a.At("data")
		var got []string
		for _, p := range list.([]any) {
			got = append(got, p.(map[string]any)["idTag"].(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", query, got, want)
		}
	}
}
