package credential

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"facet/internal/profile"
)

// Vectors: argon2id from the reference implementation's tests; scrypt from RFC
// 7914, section 12; the first bcrypt from the Openwall crypt_blowfish tests,
// the others from libxcrypt; PBKDF2 from Python's hashlib (the first is in
// Django's tests too).
var vectors = []struct {
	encoded, password, kind string
}{
	{"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password", "password-argon2id"},
	{"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U", "password-bcrypt"},
	{"$2b$04$abcdefghijklmnopqrstuuvdzp3.ICmMdu4G9YU18iMBRFmbDLmHK", "yoyo", "password-bcrypt"},
	{"$2y$05$abcdefghijklmnopqrstuuMy1HhY.TG35eYvV8pibdF2spn2TP7gK", "Zoë", "password-bcrypt"},
	{"$2a$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i", strings.Repeat("x", 80), "password-bcrypt"},
	{"pbkdf2_sha256$20000$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=", "lètmein", "password-pbkdf2-sha256"},
	{"pbkdf2_sha1$20000$seasalt$PW/H5xF0MPTAW7JTY/RAPV+r8mo=", "lètmein", "password-pbkdf2-sha1"},
	{"pbkdf2_sha512$1000$seasalt$MvpYzRb9t8IHUO1U7cCcGPfI+JLcFRBOUbkty+vHmXzMoGO3EGn5ZDxFwkkOHVT55Elz3Qczs2+FNpDKUjv/RA==", "lètmein", "password-pbkdf2-sha512"},
	{"$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw", "pleaseletmein", "password-scrypt"},
}

func TestVerifyAcceptsImportedHashesAndCallsThemStale(t *testing.T) {
	h := NewHasher(HasherConfig{})
	for _, v := range vectors {
		t.Run(v.kind, func(t *testing.T) {
			if err := Check(v.encoded); err != nil {
				t.Fatalf("Check(%q) = %v", v.encoded, err)
			}
			if got := Kind(v.encoded); got != v.kind {
				t.Errorf("Kind = %q, want %q", got, v.kind)
			}
			ok, stale, err := h.Verify(t.Context(), v.encoded, v.password)
			if !ok || !stale || err != nil {
				t.Errorf("Verify(%q) = %v, %v, %v; want true, true, nil", v.encoded, ok, stale, err)
			}
			if ok, _, err := h.Verify(t.Context(), v.encoded, "not "+v.password); ok || err != nil {
				t.Errorf("Verify of a wrong password = %v, %v", ok, err)
			}
		})
	}
}

func TestHashIsVerifiedAndCurrent(t *testing.T) {
	h := NewHasher(HasherConfig{})
	encoded, err := h.Hash(t.Context(), "yoyo")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(encoded, "$argon2id$v=19$m=19456,t=2,p=1$") || len(encoded) != len("$argon2id$v=19$m=19456,t=2,p=1$")+22+1+43 {
		t.Errorf("Hash = %q", encoded)
	}
	for password, want := range map[string]bool{"yoyo": true, "Yoyo": false, "": false} {
		ok, stale, err := h.Verify(t.Context(), encoded, password)
		if ok != want || stale || err != nil {
			t.Errorf("Verify(%q) = %v, %v, %v; want %v, false, nil", password, ok, stale, err, want)
		}
	}
	if again, _ := h.Hash(t.Context(), "yoyo"); again == encoded {
		t.Error("two hashes of one password are equal")
	}
}

func TestUnknownUserCostsACurrentHash(t *testing.T) {
	h := NewHasher(HasherConfig{})
	v, err := parseHash(h.nothing)
	if err != nil || v.stale() || Kind(h.nothing) != "password-argon2id" {
		t.Errorf("the hash of nothing %q: %v, stale %v", h.nothing, err, v.stale())
	}
	if err := h.VerifyNothing(t.Context(), "yoyo"); err != nil {
		t.Error(err)
	}
}

func TestEmptyPasswordNeverVerifies(t *testing.T) {
	const empty = "pbkdf2_sha1$1$salt$oz3dwwR4GFUVMR+HUoldNupDY6I="
	v, err := parseHash(empty)
	if err != nil {
		t.Fatal(err)
	}
	known := v.(pbkdf2Hash)
	if !known.matches(nil) {
		t.Fatal("the test's hash is not that of the empty password")
	}
	if ok, _, err := NewHasher(HasherConfig{}).Verify(t.Context(), empty, ""); ok || err != nil {
		t.Errorf("Verify = %v, %v", ok, err)
	}
}

func TestPasswordsAreRefusedBeforeTheyCost(t *testing.T) {
	h := NewHasher(HasherConfig{Concurrency: 1, Queue: -1})
	h.slots <- struct{}{} // whoever came to hashing would be Busy
	long := strings.Repeat("é", MaxPassword/2) + "x"
	_, err := h.Hash(t.Context(), "")
	wantError(t, "empty", err, profile.Invalid, profile.CodeBlank)
	_, err = h.Hash(t.Context(), long)
	wantError(t, "long", err, profile.TooLarge, profile.CodeTooLarge)
	_, _, err = h.Verify(t.Context(), h.nothing, long)
	wantError(t, "verify long", err, profile.TooLarge, profile.CodeTooLarge)
	wantError(t, "nothing, long", h.VerifyNothing(t.Context(), long), profile.TooLarge, profile.CodeTooLarge)
	_, _, err = h.Verify(t.Context(), "rubbish", "yoyo")
	wantError(t, "rubbish", err, profile.Internal, profile.CodeInternal)
}

func TestFullQueueIsBusy(t *testing.T) {
	h := NewHasher(HasherConfig{Concurrency: 1, Queue: -1, RetryAfter: 1500 * time.Millisecond})
	h.slots <- struct{}{}
	_, hash := h.Hash(t.Context(), "yoyo")
	_, _, verify := h.Verify(t.Context(), vectors[2].encoded, "yoyo")
	for name, err := range map[string]error{"Hash": hash, "Verify": verify, "VerifyNothing": h.VerifyNothing(t.Context(), "yoyo"), "Room": h.Room()} {
		wantError(t, name, err, profile.Busy, profile.CodeBusy)
		if profile.AsError(err).Retry != 2 {
			t.Errorf("%s: Retry = %d, want 2", name, profile.AsError(err).Retry)
		}
	}
	<-h.slots
	if err := h.Room(); err != nil {
		t.Errorf("Room with a free slot: %v", err)
	}
	if ok, _, err := h.Verify(t.Context(), vectors[2].encoded, "yoyo"); !ok || err != nil {
		t.Errorf("with a free slot: %v, %v", ok, err)
	}
	if len(h.slots) != 0 || h.waiting.Load() != 0 {
		t.Errorf("%d slots and %d places in the queue are not given back", len(h.slots), h.waiting.Load())
	}
}

func TestAsManyWaitAsTheQueueHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(HasherConfig{Concurrency: 2, Queue: 3})
		h.slots <- struct{}{}
		h.slots <- struct{}{}
		served := make(chan error, 3)
		for range 3 {
			go func() { served <- h.acquire(t.Context()) }()
		}
		synctest.Wait()
		wantError(t, "the fourth", h.acquire(t.Context()), profile.Busy, profile.CodeBusy)
		if n := h.waiting.Load(); n != 3 {
			t.Errorf("%d wait, want 3", n)
		}
		for want := 1; want <= 3; want++ {
			h.release()
			synctest.Wait()
			if len(served) != want {
				t.Errorf("%d served after %d were released", len(served), want)
			}
		}
		for range 3 {
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
		if len(h.slots) != 2 {
			t.Errorf("%d slots in use, want 2", len(h.slots))
		}
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(HasherConfig{Concurrency: 1})
		h.slots <- struct{}{}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { _, err := h.Hash(ctx, "yoyo"); done <- err }()
		synctest.Wait()
		cancel()
		err := <-done
		wantError(t, "cancelled while waiting", err, profile.Busy, profile.CodeBusy)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v does not wrap the context's error", err)
		}
		<-h.slots
		_, err = h.Hash(ctx, "yoyo")
		wantError(t, "cancelled before", err, profile.Busy, profile.CodeBusy)
		if h.waiting.Load() != 0 || len(h.slots) != 0 {
			t.Error("a place is not given back")
		}
	})
}

func TestHasherDefaults(t *testing.T) {
	h := NewHasher(HasherConfig{})
	if cap(h.slots) != max(1, runtime.GOMAXPROCS(0)/2) || h.queue != 64 || h.retry != 1 {
		t.Errorf("slots %d, queue %d, retry %d", cap(h.slots), h.queue, h.retry)
	}
}

func TestHashesOutOfBoundsAreRefused(t *testing.T) {
	const salt, key = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	argon := func(head string) string { return "$argon2id$" + head + "$" + salt + "$" + key }
	scrypt := func(head string) string { return "$scrypt$" + head + "$" + salt + "$" + key }
	bcrypt := strings.TrimPrefix(vectors[1].encoded, "$2a$05$")
	sha256 := strings.TrimPrefix(vectors[5].encoded, "pbkdf2_sha256$20000$")
	for _, good := range []string{
		argon("v=19$m=1048576,t=10,p=64"), argon("v=19$m=8,t=1,p=1"),
		scrypt("ln=17,r=8,p=16"), scrypt("ln=17,r=32,p=4"),
		"$2a$15$" + bcrypt, "pbkdf2_sha256$10000000$" + sha256,
	} {
		if err := Check(good); err != nil {
			t.Errorf("Check(%q) = %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "$", "yoyo", "$argon2id", "$argon2i$v=19$m=8,t=1,p=1$" + salt + "$" + key,
		argon("v=19$m=1048577,t=2,p=1"), argon("v=19$m=19456,t=11,p=1"), argon("v=19$m=19456,t=0,p=1"),
		argon("v=19$m=19456,t=2,p=0"), argon("v=19$m=19456,t=2,p=65"), argon("v=19$m=15,t=2,p=2"), argon("v=16$m=19456,t=2,p=1"),
		argon("v=19$m=19456,t=2"), argon("v=19$t=2,m=19456,p=1"), argon("v=19$m=019456,t=2,p=1"), argon("v=19$m=+9456,t=2,p=1"),
		argon("v=19$m=-1,t=2,p=1"), argon("v=19$m=18446744073709551616,t=2,p=1"), argon("v=19$m=19456,t=2,p=2305843009213693952"),
		argon("v=19$m=,t=2,p=1"), argon("v=19$m=19456,t=2,p=1") + "=", argon("v=19$m=19456,t=2,p=1") + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$", "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$AAAA", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("A", 88),
		scrypt("ln=18,r=8,p=1"), scrypt("ln=0,r=8,p=1"), scrypt("ln=14,r=0,p=1"), scrypt("ln=14,r=33,p=1"), scrypt("ln=14,r=8,p=0"), scrypt("ln=14,r=8,p=17"), scrypt("ln=64,r=8,p=1"),
		"$scrypt$ln=14,r=8,p=1$" + salt,
		"$2a$16$" + bcrypt, "$2a$03$" + bcrypt, "$2x$05$" + bcrypt, "$2$05$" + bcrypt, "$2a$ 5$" + bcrypt, "$2a$05$" + bcrypt[1:], "$2a$05$" + bcrypt + "x", "$2a$05$é" + bcrypt[2:],
		"pbkdf2_sha256$10000001$" + sha256, "pbkdf2_sha256$0$" + sha256, "pbkdf2_sha256$$" + sha256, "pbkdf2_sha256$1e3$" + sha256,
		"pbkdf2_sha256$1000$$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=", "pbkdf2_sha256$1000$seasalt$", "pbkdf2_sha512$1000$" + sha256, "pbkdf2_md5$1000$" + sha256,
		"pbkdf2_sha256$1000$" + strings.Repeat("s", maxEncoded) + "$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=",
	} {
		wantError(t, fmt.Sprintf("Check(%q)", bad), Check(bad), profile.Invalid, profile.CodeInvalid)
	}
	if got := Kind("5f4dcc3b5aa765d61d8327deb882cf99"); got != "password-unknown" {
		t.Errorf("Kind of an unknown form = %q", got)
	}
}

func FuzzCheck(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.encoded)
	}
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, encoded string) {
		Kind(encoded)
		v, err := parseHash(encoded)
		if err != nil {
			if !profile.IsKind(err, profile.Invalid) {
				t.Errorf("%q: %v", encoded, err)
			}
			return
		}
		switch v := v.(type) { // work only where it is cheap
		case argonHash:
			if v.memory > 1024 || v.time > 2 {
				return
			}
		case bcryptHash:
			if !strings.HasPrefix(string(v.encoded[4:]), "04$") {
				return
			}
		case pbkdf2Hash:
			if v.rounds > 1000 {
				return
			}
		case scryptHash:
			if v.n*v.r*v.p > 1<<12 {
				return
			}
		}
		v.matches([]byte("no such password"))
	})
}

func BenchmarkVerifyPassword(b *testing.B) {
	h := NewHasher(HasherConfig{})
	encoded, err := h.Hash(b.Context(), "yoyo")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, _, _ := h.Verify(b.Context(), encoded, "yoyo"); !ok {
			b.Fatal("not verified")
		}
	}
}

func wantError(t *testing.T, what string, err error, kind profile.Kind, code profile.Code) {
	t.Helper()
	if e := profile.AsError(err); err == nil || e.Kind != kind || e.Code != code {
		t.Errorf("%s: error %v, want kind %d, code %s", what, err, kind, code)
	}
}
