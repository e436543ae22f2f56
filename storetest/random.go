package storetest

var randomRules, reopenRandomRules []rule
