variable "auth_url" {
  description = "Where logins are: keypaird's own identity, or the Keystone that it asks."
  type        = string
  default     = "http://127.0.0.1:8774/identity/v3"
}

variable "cacert_file" {
  description = "The certificate authority of that address, where the system does not know it."
  type        = string
  default     = null
}

variable "public_key" {
  description = "The public key to import: one line as in ~/.ssh/id_ed25519.pub."
  type        = string
}

variable "prefix" {
  description = "What the names of the key pairs begin with."
  type        = string
  default     = "terraform"
}
