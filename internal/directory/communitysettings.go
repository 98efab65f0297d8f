package directory

import (
	"encoding/json"

	"facet/internal/profile"
	"facet/internal/schema"
)

// ConnectionMode says what becomes of who asks to join a community.
type ConnectionMode string

// The modes (Cloudillo, profile.connection_mode).
const (
	ConnectAlways ConnectionMode = "A" // a member at once
	ConnectAsked  ConnectionMode = "M" // those who moderate decide
	ConnectNever  ConnectionMode = "I" // members are invited only
)

// CommunitySettings is how a community is run.
type CommunitySettings struct {
	ConnectionMode ConnectionMode `json:"connectionMode"`
	AllowFollowers bool           `json:"allowFollowers"`
}

// settingsExtra is where the settings are among the extras of the face
// cloudillo.
const settingsExtra = "settings"

// runBy reads the settings of a community from its extras. Where nothing
// is said, members are taken on request, and everybody may follow.
func runBy(extras []byte) CommunitySettings {
	out := CommunitySettings{ConnectionMode: ConnectAsked, AllowFollowers: true}
	if mode, ok := schema.Text(rawAt(extras, "cloudillo."+settingsExtra+".connectionMode")); ok {
		out.ConnectionMode = ConnectionMode(mode)
	}
	if string(rawAt(extras, "cloudillo."+settingsExtra+".allowFollowers")) == "false" {
		out.AllowFollowers = false
	}
	return out
}

// Settings reads how a community is run; ok is false for other profiles.
func (s *Subject) Settings() (settings CommunitySettings, ok bool) {
	return runBy(s.extras), s.Type == profile.Community
}

// openCommunity are the settings of a community that somebody just made: it
// takes whoever wants to join (Cloudillo, PUT /api/profiles/{idTag}).
var openCommunity = map[string]json.RawMessage{settingsExtra: json.RawMessage(`{"connectionMode":"A"}`)}
