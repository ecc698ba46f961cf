variable "endpoint" {
  description = "The service's address, with http:// or https://."
  type        = string
  default     = "http://127.0.0.1:8774"
}

variable "cacert_file" {
  description = "The certificate authority of that address, where the system does not know it."
  type        = string
  default     = null
}

variable "access_key" {
  description = "From `keypaird access-key create`."
  type        = string
}

variable "secret_key" {
  description = "From `keypaird access-key create`, which shows it once."
  type        = string
  sensitive   = true
}

variable "region" {
  description = "Any word: the project is that of the access key."
  type        = string
  default     = "RegionOne"
}

variable "public_key" {
  description = "The public key to import: one line as in ~/.ssh/id_ed25519.pub."
  type        = string
}

variable "private_key" {
  description = "The private key that belongs to public_key, for the service to keep; null keeps none."
  type        = string
  sensitive   = true
  default     = null
}

variable "prefix" {
  description = "What the names of the key pairs begin with."
  type        = string
  default     = "terraform"
}
