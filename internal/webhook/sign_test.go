package webhook

import (
	"strings"
	"testing"
	"time"
)

// The example that the libraries of Standard Webhooks are tested with.
func TestASignatureIsThatOfTheSpecification(t *testing.T) {
	secret, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := sign([]Secret{secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestASecretIsReadBackFromItsText(t *testing.T) {
	s := NewSecret()
	got, err := ParseSecret(s.String())
	if err != nil || string(got) != string(s) {
		t.Errorf("%s: %v %v", s, got, err)
	}
	for _, text := range []string{"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA", "whsec_!!!", "whsec_" + strings.Repeat("A", 100)} {
		if _, err := ParseSecret(text); err == nil {
			t.Errorf("%q is a secret", text)
		}
	}
}
