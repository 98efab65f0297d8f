package household

import (
	"net/http"
	"strconv"

	"facet/internal/face"
	"facet/internal/profile"
)

// lockKind is what an account's adult channels are blocked by.
var lockKind = &kind{[]string{"ChannelLock", "channel_lock", "channelLock"}, []string{"account_channel_lock_status", "password", "pin"}}

// pinKind is a new PIN of an account.
var pinKind = &kind{[]string{"PinCode", "pin_code", "pinCode"}, []string{"pin_code", "current_pin_code", "password", "pin"}}

// checkKind is a PIN to be checked.
var checkKind = &kind{pinKind.spellings, []string{"pin_code", "user_profile_id"}}

// readLock tells whether adult channels are blocked (GET …/channel_lock).
func readLock(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return writeLock(w, r, c, single)
}

func writeLock(w http.ResponseWriter, r *http.Request, c *face.Call, as form) error {
	lock, err := c.Site.ChannelLock(r.Context(), c.Who, r.PathValue("user_id"))
	if err != nil {
		return err
	}
	id := strconv.FormatInt(lock.Account, 10)
	return writeOne(w, r, http.StatusOK, resource{
		Type: lockKind.spellings[0], ID: id,
		Attributes: attributes{
			{"account_channel_lock_status", lock.Blocked}, {"session_channel_lock_status", lock.Here},
			{"has_pin", lock.HasPIN}, {"pin_attempts_left", lock.AttemptsLeft}, {"pin_locked_seconds", lock.LockedFor},
		},
		Links: &links{base(c) + "users/" + id + "/channel_lock"},
	}, as)
}

// lock blocks adult channels, or lifts that (PUT …/channel_lock).
func lock(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readResource(w, r, lockKind, true)
	if err != nil {
		return err
	}
	if err := in.checkType(); err != nil {
		return err
	}
	proof := in.proof(r, "pin")
	blocked := in.truth("account_channel_lock_status")
	if _, there := in.values["account_channel_lock_status"]; !there {
		in.problem(in.within, profile.E(profile.Missing, profile.CodeRequired, "", "account_channel_lock_status is required."))
	}
	if err := in.only(in.of.attributes...); err != nil {
		return err
	}
	if err := c.Site.SetChannelLock(r.Context(), c.Who, r.PathValue("user_id"), *blocked, proof); err != nil {
		return in.locate(err)
	}
	return writeLock(w, r, c, in.form)
}

// setPIN gives an account a PIN, or with null takes it away (PUT …/pin_code).
func setPIN(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readResource(w, r, pinKind, true)
	if err != nil {
		return err
	}
	if err := in.checkType(); err != nil {
		return err
	}
	present := "current_pin_code"
	if _, ok := in.values[present]; !ok {
		present = "pin"
	}
	proof := in.proof(r, present)
	if _, twice := in.values["pin"]; twice && present != "pin" {
		in.problem(in.at+"/pin", profile.E(profile.Invalid, profile.CodeDuplicate, "", "pin says the same as current_pin_code: send one of them."))
	}
	pin := ""
	if !in.isNull("pin_code") {
		pin = in.required(4, "pin_code")
	}
	if err := in.only(in.of.attributes...); err != nil {
		return err
	}
	if err := c.Site.SetPIN(r.Context(), c.Who, r.PathValue("user_id"), pin, proof); err != nil {
		return in.locate(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// checkPIN says whether a PIN is the account's or the profile's (POST
// …/pin_code/verify).
func checkPIN(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readResource(w, r, checkKind, true)
	if err != nil {
		return err
	}
	if err := in.checkType(); err != nil {
		return err
	}
	pin := in.required(4, "pin_code")
	in.proofs["pin"] = source{Pointer: in.at + "/pin_code"}
	member := ""
	if given := in.text("user_profile_id"); given != nil {
		if _, err := profile.ParseID(*given); err != nil {
			in.problem(in.at+"/user_profile_id", profile.E(profile.Invalid, profile.CodeInvalidID, "", "It is no UUID."))
		}
		member = *given
	}
	if err := in.only(in.of.attributes...); err != nil {
		return err
	}
	if err := c.Site.CheckPIN(r.Context(), c.Who, r.PathValue("user_id"), member, pin); err != nil {
		if e := profile.AsError(err); e.Field == "pin" && e.Kind == profile.Forbidden {
			return refuse(e, in.proofs["pin"], 0)
		}
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
