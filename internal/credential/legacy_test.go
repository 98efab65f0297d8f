package credential_test

import (
	"testing"

	"facet/internal/credential"
)

// The hashes are those of crypt(5), openssl passwd -1 and the sum tools for
// the password "yoyo" and others.
func TestImportedHashesVerifyAndAreStale(t *testing.T) {
	h := credential.NewHasher(credential.HasherConfig{})
	for _, c := range []struct{ algorithm, password, hash string }{
		{"md5", "password", "5f4dcc3b5aa765d61d8327deb882cf99"},
		{"md5", "password", "5F4DCC3B5AA765D61D8327DEB882CF99"},
		{"md5", "password", "X03MO1qnZdYdgyfeuILPmQ=="},
		{"sha1", "password", "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"},
		{"sha256", "password", "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"},
		{"sha512", "abc", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
		{"blake2b", "abc", "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
		{"black2b", "abc", "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
		{"md5-crypt", "password", "$1$12345678$o2n/JiO/h5VviOInWJ4OQ/"},
		{"md5-crypt", "yoyo", "$1$a$o0gV6srvniSPk.o8sIpwD1"},
		{"md5-crypt", "a much longer password than sixteen bytes", "$1$saltsalt$kL1Bms5vqNqrS8fEEnfCW1"},
		{"md5-crypt", "Pässwörd", "$1$x.Y/z$kyHBbxTjd7YhBBK7j41Tg0"},
	} {
		encoded, known, ok := credential.Import(c.algorithm, c.hash)
		if !known || !ok {
			t.Errorf("%s %s: known %t, ok %t", c.algorithm, c.hash, known, ok)
			continue
		}
		if err := credential.Check(encoded); err != nil {
			t.Errorf("%s: %v", c.algorithm, err)
		}
		right, stale, err := h.Verify(t.Context(), encoded, c.password)
		if err != nil || !right || !stale {
			t.Errorf("%s: right %t, stale %t, %v", c.algorithm, right, stale, err)
		}
		if wrong, _, err := h.Verify(t.Context(), encoded, c.password+"x"); err != nil || wrong {
			t.Errorf("%s: a wrong password, %t, %v", c.algorithm, wrong, err)
		}
	}
	for _, c := range [][2]string{{"md5", "5f4d"}, {"md5", "zz4dcc3b5aa765d61d8327deb882cf99"}, {"sha256", "5f4dcc3b5aa765d61d8327deb882cf99"}, {"bcrypt", "x"}, {"md5-crypt", "$1$salt$short"},
		{"md5-crypt", "$1$toolongasalt$qjXMvbEw8oaL.CzflDtaK/"}, {"blake2b", ""}} {
		if _, known, ok := credential.Import(c[0], c[1]); !known || ok {
			t.Errorf("%v: known %t, ok %t", c, known, ok)
		}
	}
	if _, known, _ := credential.Import("md4", "x"); known {
		t.Error("md4 is known")
	}
}
