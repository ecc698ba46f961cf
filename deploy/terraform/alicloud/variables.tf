variable "address" {
  description = "The service's address: host and port, without http://."
  type        = string
  default     = "127.0.0.1:8774"
}

variable "protocol" {
  description = "HTTP or HTTPS."
  type        = string
  default     = "HTTP"
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
  description = "One of the service's alibaba.regions."
  type        = string
  default     = "RegionOne"
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
