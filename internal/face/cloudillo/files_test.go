package cloudillo_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"net/http"
	"slices"
	"strings"
	"testing"

	"facet/internal/facetest"
	"facet/internal/media"
)

func sized(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(w, h, 9), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAPictureIsServedInItsVariants(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	id := upload(t, s, alice, "/api/me/image", "image/jpeg", sized(t, 800, 400)).Want(200).Text("fileId")
	if !strings.HasPrefix(id, "f1~") {
		t.Fatal(id)
	}
	descriptor := s.Get(t, "", "/api/files/"+id+"/descriptor").Want(200).Text("data.descriptor")
	all, ok := media.ParseDescriptor(descriptor)
	if !ok || len(all) != 4 || media.FileKey(descriptor) != id {
		t.Fatalf("%s: %s", id, descriptor)
	}
	width := map[string]int{"": 800, "orig": 800, "vis.hd": 800, "md": 800, "vis.sd": 720, "sd": 720, "vis.tn": 256, "vis.pf": 80}
	for name, want := range width {
		for _, path := range []string{"/api/file/", "/file/", "/api/files/", "/api/files//api/file/"} {
			f := s.Get(t, "", path+id+"?variant="+name).Want(200)
			c, _, err := image.DecodeConfig(bytes.NewReader(f.Body))
			if err != nil || c.Width != want || c.Height != want/2 {
				t.Errorf("%s%s: %+v, %v", path, name, c, err)
			}
			key := f.Header.Get("X-Cloudillo-Variant")
			if key != media.Key(f.Body) || f.Header.Get("ETag") != `"`+key+`"` || f.Header.Get("X-Cloudillo-Variants") != descriptor {
				t.Errorf("%s%s: %v", path, name, f.Header)
			}
			for name, want := range map[string]string{
				"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
				"Content-Disposition": "inline", "Accept-Ranges": "bytes", "Content-Length": fmt.Sprint(len(f.Body)),
			} {
				if got := f.Header.Get(name); got != want {
					t.Errorf("%s: %q", name, got)
				}
			}
			same := s.Get(t, "", "/api/files/variant/"+key).Want(200)
			if !bytes.Equal(same.Body, f.Body) {
				t.Errorf("%s is something else by itself", key)
			}
		}
	}
	for query, want := range map[string]string{"minX=81": "256", "minY=128": "256", "minRes=100k": "720", "minRes=1": "80", "minX=5000": "800", "minX=720&minY=361": "800"} {
		f := s.Get(t, "", "/api/file/"+id+"?"+query).Want(200)
		if c, _, err := image.DecodeConfig(bytes.NewReader(f.Body)); err != nil || fmt.Sprint(c.Width) != want {
			t.Errorf("%s: %+v, %v", query, c, err)
		}
	}
	for _, query := range []string{"variant=big", "variant=vis.", "minX=-1", "minY=x", "minRes=1M", "minX=99999999999999999999"} {
		failed(t, s.Get(t, "", "/api/file/"+id+"?"+query), 400, "E-VAL-INVALID")
	}
	get := func(path string, header map[string]string) facetest.Answer {
		t.Helper()
		return s.Do(t, facetest.Call{Method: "GET", Path: path, Header: header})
	}
	whole := s.Get(t, "", "/api/file/"+id)
	part := get("/api/file/"+id, map[string]string{"Range": "bytes=10-19"}).Want(206)
	if !bytes.Equal(part.Body, whole.Body[10:20]) {
		t.Errorf("%q", part.Body)
	}
	get("/api/file/"+id, map[string]string{"Range": "bytes=9999999-"}).Want(416)
	get("/api/file/"+id, map[string]string{"If-None-Match": whole.Header.Get("ETag")}).Want(304)
	cors := get("/api/file/"+id, map[string]string{"Origin": "https://app.example"}).Want(200)
	if got := strings.Join(cors.Header.Values("Access-Control-Expose-Headers"), ", "); !strings.Contains(got, "X-Cloudillo-Variants") || !strings.Contains(got, "ETag") {
		t.Error(got)
	}
}

func TestGap13TheClientReadsADescriptor(t *testing.T) {
	s := start(t)
	id := upload(t, s, login(t, s, under("alice")), "/api/me/image", "", sized(t, 300, 300)).Want(200).Text("fileId")
	known, _ := s.Get(t, "", "/api/files/"+id+"/metadata").Want(200).At("data")
	s.Get(t, "", "/api/files/"+id+"/descriptor").Want(200).Is(map[string]any{"data.file": known}) // and as client_test.go has it
}

func TestWhatIsKnownOfAFile(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	id := upload(t, s, alice, "/api/me/cover", "", sized(t, 600, 300)).Want(200).Text("fileId")
	s.Get(t, "", "/api/files/"+id+"/metadata").Want(200).Is(map[string]any{
		"data.fileId": id, "data.preset": "cover", "data.contentType": "image/jpeg", "data.fileName": "cover.jpeg", "data.fileTp": "BLOB", "data.status": "A",
		"data.visibility": "P", "data.hidden": false, "data.createdAt": "2026-01-31T12:00:00Z", "data.tags": []string{"cover"}, "data.x.dim": []int{600, 300},
	})
	s.Get(t, "", "/api/files/b1~abc123/metadata").Want(200).Is(map[string]any{"data.fileId": "b1~abc123", "data.contentType": "image/png", "data.x.dim": []int{64, 64}})
	for _, path := range []string{"/api/files/b1~abc123/descriptor", "/api/files/" + id + "/nothing", "/api/files/f1~nothing/metadata", "/api/files/variant/f1~nothing"} {
		failed(t, s.Get(t, "", path), 404, "E-CORE-NOTFOUND")
	}
}

func TestACommunityHasAnUploadedPicture(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	send := func(token, path string, data []byte) facetest.Answer {
		t.Helper()
		return s.Do(t, facetest.Call{Method: http.MethodPost, Path: path, Token: token, Body: data, Type: "image/jpeg"})
	}
	a := send(alice, "/api/files/profile-picture/logo.jpg", sized(t, 300, 300)).Want(201)
	id := a.Text("data.fileId")
	a.Is(map[string]any{"data.dim": []int{300, 300}, "data.preset": "profile-picture", "data.fileName": "profile-pic.webp"})
	small := s.Get(t, "", "/api/files/variant/"+a.Text("data.thumbnailVariantId")).Want(200)
	if c, _, err := image.DecodeConfig(bytes.NewReader(small.Body)); err != nil || c.Width != 256 {
		t.Errorf("%+v, %v", c, err)
	}
	send(alice, "/api/files/profile-picture/again.jpg", sized(t, 300, 300)).Want(200).Is(map[string]any{"data.fileId": id, "data.existed": true})
	s.Put(t, alice, "/api/profiles/devs@example.com", map[string]string{"type": "idp", "name": "Devs", "profilePic": id}).Want(201).
		Is(map[string]any{"data.profilePic": "/api/file/" + id})
	send(alice, "/api/files/profile-picture/other.jpg", sized(t, 90, 90)).Want(201)
	s.Mails(t) // and what else waits to be done
	s.Get(t, "", "/api/file/"+id+"?variant=pf").Want(200)

	failed(t, send("", "/api/files/profile-picture/x.jpg", sized(t, 9, 9)), 401, "E-AUTH-UNAUTH")
	failed(t, send(alice, "/api/files/default/x.jpg", sized(t, 9, 9)), 400, "E-VAL-INVALID")
	failed(t, send(alice, "/api/files/cover/"+strings.Repeat("x", 256), sized(t, 9, 9)), 400, "E-VAL-INVALID")
	failed(t, send(alice, "/api/files/cover/x.jpg", nil), 400, "E-VAL-INVALID")
	failed(t, send(alice, "/api/files/cover/x.jpg", []byte("<svg/>")), 400, "E-VAL-INVALID")
}

func TestDecompressionBombsAreRefused(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	bomb := bytes.Clone(pngOf(t, 1))
	binary.BigEndian.PutUint32(bomb[16:], 16000)
	binary.BigEndian.PutUint32(bomb[20:], 16000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	var animation bytes.Buffer
	if err := gif.Encode(&animation, picture(4, 4, 1), nil); err != nil {
		t.Fatal(err)
	}
	large := bytes.Clone(animation.Bytes())
	copy(large[6:], "\xff\xff\xff\xff")
	for _, path := range []string{"/api/me/image", "/api/me/cover"} {
		for name, data := range map[string][]byte{"gap: a PNG bomb": bomb, "gap: a GIF bomb": large} {
			t.Run(name, func(t *testing.T) { failed(t, upload(t, s, alice, path, "image/png", data), 400, "E-VAL-INVALID") })
		}
		upload(t, s, alice, path, "image/gif", animation.Bytes()).Want(200)
	}
	if got := s.Get(t, alice, "/api/me").Want(200).Keys("data"); !slices.Contains(got, "profilePic") {
		t.Error(got)
	}
}

func TestOnePartOfAFileIsGivenAndSeveralAreNot(t *testing.T) {
	s := start(t)
	id := upload(t, s, login(t, s, under("alice")), "/api/me/image", "image/png", pngOf(t, 1)).Want(200).Text("data.fileId")
	path := "/api/file/" + id
	whole := s.Get(t, "", path).Want(200)
	for part, want := range map[string]int{"bytes=0-9": 206, "bytes=-3": 206, "bytes=0-0,2-2,4-4": 200, "bytes=9999999-": 416, "pages=1": 200, "x": 200} {
		got := s.Do(t, facetest.Call{Method: "GET", Path: path, Header: map[string]string{"Range": part}})
		if got.Status != want || want == 200 && len(got.Body) != len(whole.Body) {
			t.Errorf("%s: %d with %d bytes, want %d", part, got.Status, len(got.Body), want)
		}
	}
}
