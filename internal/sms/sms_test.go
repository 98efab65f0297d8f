package sms_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"facet/internal/sms"
)

func TestFolderKeepsOneFileForAMessageHoweverOftenItIsSent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sms")
	sender, err := sms.ParseURL("folder:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	m := sms.Message{ID: "1", To: "+14155550100", Text: "123456 is your code."}
	for range 2 {
		if err := sender.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	var got sms.Message
	if err := json.Unmarshal(raw, &got); err != nil || got != m {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOnlyFoldersAreKnown(t *testing.T) {
	for _, bad := range []string{"", "smtp://host", "folder:", "folder://", "twilio:token"} {
		if _, err := sms.ParseURL(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
